// Plays clips: between the tray, which knows clips, and the engine, which knows notes.
import { api } from "./api.js";
import { engine } from "./sound/engine.js";
import { store } from "./store.js";

const MAX_KEPT = 400; // notes of that many clips are kept
const kept = new Map();
const frames = new Set();
let isDrawing = false;
let isSounding = false; // the engine plays what store.state.playing names
let turn = 0;

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

/** Loops follow the session's tempo; a track and a recording have their own. */
export function tempoOf(clip) {
  return clip.part === "song" || clip.kind === "sound" ? clip.qpm : store.state.session.qpm;
}

async function start(clip, when) {
  const mine = ++turn;
  isSounding = false;
  store.update({ playing: clip.id });
  try {
    const content = clip.kind === "sound" ? api.bytes(api.fileUrl(clip)) : notesOf(clip);
    const [loop] = await Promise.all([content, engine.start()]);
    if (mine !== turn) return;
    if (clip.kind === "sound") await engine.playSound(loop, { loop: true });
    else await engine.play({ ...loop, qpm: tempoOf(clip) }, { when });
    isSounding = true;
  } catch (error) {
    if (mine === turn) store.update({ playing: null });
    throw error;
  }
}

function draw() {
  if (isDrawing) return;
  isDrawing = true;
  const step = () => {
    const clip = store.clip(store.state.playing);
    isDrawing = Boolean(clip);
    for (const f of frames) f(clip, clip ? engine.position() : 0);
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

  /** Plays the clip (the one in focus, or the newest), or stops if it is the one that plays. */
  toggle(clip = store.focused() ?? store.clips().at(-1)) {
    if (store.state.playing && (!clip || store.state.playing === clip.id)) return player.stop();
    return clip ? player.play(clip) : null;
  },

  /** Plays a clip that was changed on, with its new notes, from the next bar. */
  refresh(clip) {
    if (store.state.playing === clip.id) player.play(clip, { when: "bar" });
  },

  /** Calls f(clip or null, beats) on each frame while something plays, and once at the end. */
  onFrame(f) {
    frames.add(f);
    return () => frames.delete(f);
  },
};

store.subscribe((state, changed) => {
  if (changed.has("session") && state.session && engine.isPlaying) {
    const clip = store.clip(state.playing);
    if (clip) engine.setQpm(tempoOf(clip));
  }
  if (changed.has("playing") && state.playing) draw();
});

engine.on("state", () => {
  if (!engine.isPlaying && isSounding) player.stop();
});
