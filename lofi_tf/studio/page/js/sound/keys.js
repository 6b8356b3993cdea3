// The computer's keyboard as drum pads or a piano. Keys are told by place, whatever their letters.

// The pads: one for each of the nine drums that models know, in their order.
export const PADS = [
  { code: "KeyA", pitch: 36, name: "Kick" },
  { code: "KeyS", pitch: 38, name: "Snare" },
  { code: "KeyD", pitch: 42, name: "Closed hat" },
  { code: "KeyF", pitch: 46, name: "Open hat" },
  { code: "KeyG", pitch: 45, name: "Low tom" },
  { code: "KeyH", pitch: 48, name: "Mid tom" },
  { code: "KeyJ", pitch: 50, name: "High tom" },
  { code: "KeyK", pitch: 49, name: "Crash" },
  { code: "KeyL", pitch: 51, name: "Ride" },
];

// A piano's keys from C on, white ones in the middle row, black ones above.
export const PIANO = [
  ...["KeyA", "KeyW", "KeyS", "KeyE", "KeyD", "KeyF", "KeyT", "KeyG", "KeyY", "KeyH", "KeyU", "KeyJ"],
  ...["KeyK", "KeyO", "KeyL", "KeyP", "Semicolon", "Quote"],
];
const OCTAVES = { KeyZ: -12, KeyX: 12 };
const LOWEST = { bass: 36, chords: 48, melody: 60, other: 60 };
const PITCHES = [24, 96]; // within which octaves are chosen
const VELOCITY = 95, ACCENT = 120; // the second with Shift
const BUTTONS = ["range", "checkbox", "radio", "button"].map((type) => `:not([type=${type}])`).join("");
const FIELDS = `input${BUTTONS}, textarea, select, [contenteditable=true], [role=textbox]`;

// Whether a key event is meant for what it was typed into, or is a shortcut.
export function isTyping(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  return Boolean(event.target?.closest?.(FIELDS));
}

// The pitch that a key plays of a part, or undefined.
export function pitchOf(code, part, shift = 0) {
  if (part === "drums") return PADS.find((pad) => pad.code === code)?.pitch;
  const place = PIANO.indexOf(code);
  return place < 0 ? undefined : (LOWEST[part] ?? LOWEST.other) + shift + place;
}

export class Keys {
  // `play` is called with {part, pitch, velocity, milliseconds}; a velocity of 0 lets it go.
  constructor(play) {
    this._play = play;
    this._part = null;
    this._shift = 0;
    this._down = new Map();
  }

  // Lets keys play a part, or nothing by null.
  setPart(part) {
    this.release();
    this._part = part;
  }

  get part() {
    return this._part;
  }

  // Listens to a window; returns what ends that.
  listen(target) {
    const on = [
      ["keydown", (event) => this._pressed(event)],
      ["keyup", (event) => this._released(event)],
      ["blur", () => this.release()],
    ];
    for (const [name, listener] of on) target.addEventListener(name, listener);
    return () => on.forEach(([name, listener]) => target.removeEventListener(name, listener));
  }

  // Lets all keys go.
  release() {
    for (const code of [...this._down.keys()]) this._up(code, performance.now());
  }

  _pressed(event) {
    if (!this._part || event.defaultPrevented || isTyping(event)) return;
    if (this._part !== "drums" && event.code in OCTAVES) {
      this._octave(OCTAVES[event.code]);
      event.preventDefault();
      return;
    }
    const pitch = pitchOf(event.code, this._part, this._shift);
    if (pitch === undefined) return;
    event.preventDefault();
    if (event.repeat || this._down.has(event.code)) return;
    this._down.set(event.code, { part: this._part, pitch });
    const velocity = event.shiftKey ? ACCENT : VELOCITY;
    this._play({ part: this._part, pitch, velocity, milliseconds: event.timeStamp });
  }

  _released(event) {
    this._up(event.code, event.timeStamp);
  }

  _up(code, milliseconds) {
    const note = this._down.get(code);
    if (!note) return;
    this._down.delete(code);
    this._play({ ...note, velocity: 0, milliseconds });
  }

  _octave(step) {
    const lowest = (LOWEST[this._part] ?? LOWEST.other) + this._shift + step;
    if (lowest >= PITCHES[0] && lowest <= PITCHES[1]) this._shift += step;
  }
}
