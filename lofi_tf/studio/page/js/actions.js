// What is done to clips, wherever it is asked for: on a card, on the stage, by a key.
import { api } from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { looksOf } from "./names.js";
import { player } from "./player.js";
import { store } from "./store.js";

const byId = (id) => document.getElementById(id);
const TOAST_SECONDS = 9;
const NARROW = matchMedia("(max-width: 900px)"); // as in css/layout.css: all lies in one column
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

/** Says something to those who listen rather than look. */
export function say(text) {
  byId("said").textContent = text;
}

/** Tells what went wrong, in one line, seen and heard. */
export function alarm(error) {
  const text = error?.message ?? String(error);
  byId("alarm").textContent = text;
  toast(text, { isError: true });
}

/** A line that leaves by itself; action is {title, run}. Returns what closes it. */
export function toast(text, { action = null, isError = false } = {}) {
  const close = () => box.remove();
  const act = action && (() => (close(), action.run()));
  const box = el(
    "div.toast",
    { data: { error: isError } },
    el("span", {}, text),
    action && el("button.button.small", { type: "button", onclick: act }, action.title),
    el("button.button.bare.small.square", { type: "button", "aria-label": "Close", onclick: close }, icon("close")),
  );
  byId("toasts").replaceChildren(...[...byId("toasts").children].slice(-2), box);
  setTimeout(close, TOAST_SECONDS * 1000 * (isError ? 2 : 1));
  return close;
}

/** Runs work; what goes wrong is told and gives null. */
export async function trying(work) {
  try {
    return await work();
  } catch (error) {
    if (!error.isStop) alarm(error);
    return null;
  }
}

export const undo = (times = 1) =>
  trying(async () => {
    for (let k = 0; k < times; k++) await api.undo();
    say("Undone");
  });
export const redo = () => trying(async () => (await api.redo(), say("Done again")));

export const star = (clip) =>
  trying(async () => {
    await api.changeClip(clip, { starred: !clip.starred });
    say(`${clip.name}: ${clip.starred ? "no star" : "starred"}`);
  });

export function rename(clip, name) {
  const plain = name.trim();
  if (!plain || plain === clip.name) return null;
  return trying(async () => (await api.changeClip(clip, { name: plain }), say(`Named ${plain}`)));
}

/** Deletes clips; undo, as often as there were, brings them back. */
export const remove = (...clips) =>
  trying(async () => {
    const next = neighbour(clips);
    if (clips.some((clip) => clip.id === store.state.playing)) player.stop();
    const isChosen = clips.some((clip) => store.state.selection.includes(clip.id));
    if (isChosen) store.update({ selection: next ? [next.id] : [] });
    for (const clip of clips) await api.deleteClip(clip);
    const what = clips.length === 1 ? clips[0].name : `${clips.length} clips`;
    const close = toast(`Deleted ${what}`, { action: { title: "Undo", run: () => undo(clips.length) } });
    onNextChange(clips, close);
    say(`Deleted ${what}. Control Z brings back the last.`);
  });

/** Calls close at the first change after clips have gone: undo would take back that one instead. */
function onNextChange(gone, close) {
  let last = null;
  const look = ({ session }) => {
    if (last === null && !gone.some((clip) => store.clip(clip.id))) last = session.version;
    if (last === null || session.version <= last) return;
    close();
    end();
  };
  const end = store.subscribe((state, changed) => changed.has("session") && look(state));
  look(store.state);
}

/** The clip that comes into focus where clips go: the next one, or the one before. */
function neighbour(gone) {
  const clips = store.clips();
  const ids = gone.map((clip) => clip.id);
  const at = clips.findIndex((clip) => ids.includes(clip.id));
  const left = (clip) => !ids.includes(clip.id);
  return clips.slice(at).find(left) ?? clips.slice(0, at).findLast(left) ?? null;
}

/** Runs a tool; what it made is chosen, and the first of it plays. Returns the job or null. */
export async function runTool(name, request = {}) {
  const isSlow = store.state.tools.find((tool) => tool.name === name)?.is_slow;
  player.wake();
  const job = await trying(() => api.run(name, request));
  if (job && !store.clip(job.clips[0])) await trying(api.session); // its event is still on the way
  const first = job && store.clip(job.clips[0]);
  if (!first) return job;
  say(job.clips.length === 1 ? `Made ${first.name}` : `Made ${job.clips.length} clips`);
  if (isSlow && store.state.playing) {
    toast(`${first.name} is ready`, { action: { title: "Play", run: () => player.play(first) } });
    return job;
  }
  const isShownThere = looksOf(name).view === store.state.view;
  store.select(first.id, { show: !isShownThere });
  if (NARROW.matches) byId("main").scrollIntoView({ behavior: CALM.matches ? "auto" : "smooth" });
  player.play(first);
  return job;
}

/** Makes others like a clip, with the tool's own settings. */
export const moreLike = (clip) => runTool("vary", { inputs: [clip] });

export function upload(files) {
  return trying(async () => {
    let last = null;
    for (const file of files) last = (await api.upload(file)).at(-1) ?? last;
    if (last) store.select(last.id, { show: true });
    if (last) say(`Added ${last.name}`);
  });
}

export async function copyText(text, what) {
  await trying(() => navigator.clipboard.writeText(text));
  toast(`${what} copied`);
  say(`${what} copied`);
}
