// Plays clips: between the tray, which knows clips, and the engine, which knows notes.
import { api } from "./api.js";
import { engine } from "./sound/engine.js";
import { store } from "./store.js";

const MAX_KEPT = 400; // notes of that many clips are kept
const kept = new Map();
const frames = new Set();
let isDrawing = false;
let isSounding = false; // the engine plays what store.state.playing names
let isHeard = false; // what the engine said last
let turn = 0;
let preset = null; // what the engine sounds as

/** The notes of a clip as it is now: asked for once. */
export function notesOf(clip) {
  const key = `${clip.id}:${clip.version}`;
  if (!kept.has(key)) {
    const asked = api.notes(clip);
    asked.catch(() => kept.delete(key));
    kept.set(key, asked);
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value);
  }
  return kept.get(key);
}

/** Keeps the notes that a version of a clip was saved with, for undo comes back to them. */
export function keepNotes(clip, notes) {
  kept.set(`${clip.id}:${clip.version}`, Promise.resolve(notes));
}

/** Loops follow the session's tempo; a track and a recording have their own. */
const isLoop = (clip) => clip.kind === "notes" && clip.part !== "song";
const tempoOf = (clip) => (isLoop(clip) ? store.state.session.qpm : null);

async function start(clip, when) {
  const mine = ++turn;
  isSounding = false;
  store.update({ playing: clip.id });
  try {
    const content = clip.kind === "sound" ? api.bytes(api.fileUrl(clip)) : notesOf(clip);
    const [loop] = await Promise.all([content, engine.start()]);
    if (mine !== turn) return;
    if (clip.kind === "sound") await engine.playSound(loop, { loop: true });
    else {
      engine.setQpm(tempoOf(clip));
      await engine.play(loop, { when });
    }
    isSounding = true;
  } catch (error) {
    if (mine === turn) store.update({ playing: null });
    throw error;
  }
}

/** Where we are: {beats, share}, share of the clip's length. The engine tells recordings in seconds. */
function placeIn(clip) {
  if (!clip && store.state.loop) return { beats: engine.position(), share: 0 };
  if (!clip || !isSounding) return { beats: 0, share: 0 };
  const at = engine.position();
  if (clip.kind === "sound") {
    return { beats: (at * (clip.qpm || 60)) / 60, share: clip.seconds ? (at / clip.seconds) % 1 : 0 };
  }
  const beats = clip.beats ? at % clip.beats : at;
  return { beats, share: clip.beats ? beats / clip.beats : 0 };
}

function draw() {
  if (isDrawing) return;
  isDrawing = true;
  const step = () => {
    const clip = store.clip(store.state.playing);
    isDrawing = Boolean(clip ?? store.state.loop);
    const place = placeIn(clip);
    for (const f of frames) f(clip, place);
    if (isDrawing) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

export const player = {
  onError: () => {},
  /** On the first gesture: the engine begins to load, so that the first press is heard at once. */
  wake: () => engine.start().catch((error) => player.onError(error)),

  async play(clipOrId, { when = "now" } = {}) {
    const clip = typeof clipOrId === "string" ? store.clip(clipOrId) : clipOrId;
    if (clip) await start(clip, when).catch((error) => player.onError(error));
  },

  stop() {
    turn += 1;
    isSounding = false;
    engine.stop();
    store.update({ playing: null });
  },

  /** Plays the clip (the one in focus, or the newest), or stops what plays if it is this one or no clip. */
  toggle(clip = null) {
    const { playing, loop } = store.state;
    if (!clip && loop && !playing) return player.stop();
    const wanted = clip ?? store.focused() ?? store.clips().at(-1);
    if (playing && (!wanted || playing === wanted.id)) return player.stop();
    return wanted ? player.play(wanted) : null;
  },

  /** A clip that was changed goes on with its new notes at the place where it is. */
  refresh(clip) {
    if (store.state.playing === clip.id) player.play(clip, { when: "keep" });
  },

  /** Calls f(clip or null, {beats, share}) on each frame while something plays, and once at the end. */
  onFrame(f) {
    frames.add(f);
    return () => frames.delete(f);
  },
};

function follow(session) {
  const clip = store.clip(store.state.playing);
  if (clip) engine.setQpm(tempoOf(clip));
  if (session.preset === preset) return;
  preset = session.preset;
  engine.setPreset(preset).catch(player.onError);
}

store.subscribe((state, changed) => {
  if (changed.has("session") && state.session) follow(state.session);
  if ((changed.has("playing") && state.playing) || (changed.has("loop") && state.loop)) draw();
});

engine.on("state", () => {
  const ended = isHeard && !engine.isPlaying;
  isHeard = engine.isPlaying;
  if (ended && isSounding) player.stop();
});
