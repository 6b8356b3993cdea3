// What the page knows, in one place. Whoever shows something subscribes and is called after each change.

const subscribers = new Set();

export const store = {
  state: {
    session: null, // the server's Session
    tools: [], // the server's Tools
    jobs: [], // Jobs, the newest first
    selection: [], // ids of clips, in the order chosen; the last is in focus
    playing: null, // the id of the clip that sounds
    loop: null, // the title of what sounds and is no clip: "Arrangement", "Map", "Taps"
    tool: "generate", // the tool whose panel is open
    given: null, // the id of a clip that it was opened for
    view: "clip", // what the stage shows: clip, arrange, map, drumify or infill
    filter: { part: "all", starred: false },
  },

  /** Calls f(state, changed), changed a Set of the state's names. Returns a function that ends it. */
  subscribe(f) {
    subscribers.add(f);
    return () => subscribers.delete(f);
  },

  update(values) {
    const changed = new Set(Object.keys(values).filter((k) => store.state[k] !== values[k]));
    if (!changed.size) return;
    store.state = { ...store.state, ...values };
    for (const f of [...subscribers]) f(store.state, changed);
  },

  clips: () => store.state.session?.clips ?? [],
  clip: (id) => store.clips().find((clip) => clip.id === id) ?? null,
  /** The clip in focus, or null. */
  focused: () => store.clip(store.state.selection.at(-1)),

  /** Chooses a clip: with add it joins or leaves those chosen before, with show the stage turns to it. */
  select(id, { add = false, show = false } = {}) {
    const before = store.state.selection;
    if (!add) return store.update({ selection: [id], view: show ? "clip" : store.state.view });
    const others = before.filter((other) => other !== id);
    store.update({ selection: others.length < before.length ? others : [...others, id] });
  },

  /** Takes a Session of the server, unless a newer one is here; clips that are gone leave the selection. */
  take(session, { isAnew = false } = {}) {
    if (!isAnew && session.version < (store.state.session?.version ?? 0)) return;
    const ids = new Set(session.clips.map((clip) => clip.id));
    const kept = store.state.selection.filter((id) => ids.has(id));
    const selection = kept.length === store.state.selection.length ? store.state.selection : kept;
    const playing = ids.has(store.state.playing) ? store.state.playing : null;
    store.update({ session, selection, playing });
  },

  takeJob(job) {
    const others = store.state.jobs.filter((other) => other.id !== job.id);
    store.update({ jobs: [job, ...others].slice(0, 50) });
  },
};
