// What a map lets hear: notes are asked for once a place, and the last that was asked for plays.

const WAIT_MS = 110, KEPT = 300;

/** Returns {hear(key, ask), now()}: `ask` gives the notes of a key; `played(notes)` is called as it plays. */
export function hearing(engine, { trying, tempo }) {
  const kept = new Map();
  let timer = 0, wanted = null, current = null;

  function notesOf(key, ask) {
    if (!kept.has(key)) {
      const asked = ask();
      asked.catch(() => kept.delete(key));
      kept.set(key, asked);
      if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    }
    return kept.get(key);
  }

  async function play(key, ask) {
    const notes = await trying(() => notesOf(key, ask));
    if (!notes || wanted !== key) return;
    current = { key, notes };
    await trying(() => engine.play({ ...notes, qpm: tempo() }, { when: engine.isPlaying ? "keep" : "now" }));
  }

  return {
    /** Plays the notes of a key in a moment, if nothing else is asked for until then. */
    hear(key, ask) {
      if (key === wanted) return;
      wanted = key;
      clearTimeout(timer);
      timer = setTimeout(() => play(key, ask), WAIT_MS);
    },
    /** The notes that are asked for last, once they are there. */
    async notes(key, ask) {
      return current?.key === key ? current.notes : notesOf(key, ask);
    },
    end() {
      wanted = null;
      clearTimeout(timer);
    },
  };
}
