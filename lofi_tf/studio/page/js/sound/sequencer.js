// What sounds in which sample: loops that come round, are exchanged, and change their tempo.
//
// Beats are counted from where playing began. A loop's turns begin at `base`, `base + beats`, ...
// What is asked for is told as [{at, kind, ...}], kinds being "off", "on" and "click", in order.

import { Clock } from "./clock.js";
import { indexAt } from "./loop.js";

const ORDER = { off: 0, click: 1, on: 2 };
const NEAR = 1e-6; // beats that count as none

export class Sequencer {
  constructor(sampleRate) {
    this.clock = new Clock(sampleRate, 90);
    this.loop = null;
    this.metronome = false;
    this._held = []; // what is to be let go: {beat, after (a sample), channel, pitch, loop}
    this._queued = null; // a loop that follows: {loop, beat, qpm}
    this._prelude = []; // its notes that are ahead of its beginning
  }

  get isPlaying() {
    return this.loop !== null;
  }

  get isQueued() {
    return this._queued !== null;
  }

  // Plays a loop from its beginning on; what is ahead of it is heard first. Returns what ends.
  start(loop, sample, qpm) {
    const ended = this.stop(sample);
    this.clock = new Clock(this.clock.sampleRate, qpm);
    this.clock.anchor(sample, -loop.lead);
    this._prelude = early(loop, 0);
    this._enter(loop, 0, 0);
    return ended;
  }

  // Ends everything: returns the notes that are to be let go.
  stop(sample) {
    const ended = this._held.map(({ channel, pitch }) => ({ at: sample, kind: "off", channel, pitch }));
    this.loop = this._queued = null;
    this._held = [];
    this._prelude = [];
    return ended;
  }

  // Lets a loop follow at the next bar line, or take over at once at the same place of its bars;
  // its tempo comes with it.
  exchange(loop, atBar, sample, qpm = this.clock.qpm) {
    const beat = this.clock.beatOf(sample);
    if (atBar) {
      const bar = this.loop.beatsPerBar;
      const next = this.base + Math.ceil((beat - this.base) / bar - NEAR) * bar;
      this._queued = { loop, beat: next, qpm };
      this._prelude = early(loop, next);
      return;
    }
    this._queued = null;
    this._prelude = [];
    this.clock.setQpm(qpm, sample);
    const turns = Math.floor((beat - this.base) / loop.beats + NEAR);
    this._enter(loop, this.base + turns * loop.beats, Math.max(0, beat - this.base - turns * loop.beats));
  }

  setQpm(qpm, sample) {
    this.clock.setQpm(qpm, sample);
    if (this._queued) this._queued.qpm = qpm;
  }

  // What happens from a sample up to another, which the next call begins at.
  between(from, to) {
    const found = [];
    if (!this.loop) return found;
    while (this._queued) {
      const at = this._sample(this._queued.beat);
      if (at >= to) break;
      this._collect(found, from, at, this._queued.beat);
      this._follow(found, Math.max(at, from));
    }
    this._collect(found, from, to, this._queued ? this._queued.beat : Infinity);
    return found.sort((one, other) => one.at - other.at || ORDER[one.kind] - ORDER[other.kind]);
  }

  _enter(loop, base, place) {
    this.loop = loop;
    this.base = base;
    this._turn = base;
    this._index = indexAt(loop.events, place);
    this._click = Math.ceil(base + place - NEAR);
  }

  _follow(found, at) {
    const { loop, beat, qpm } = this._queued;
    this._queued = null;
    this.clock.setQpm(qpm, this.clock.sampleOf(beat));
    for (const held of this._held.filter((held) => held.loop === this.loop))
      found.push({ at, kind: "off", channel: held.channel, pitch: held.pitch });
    this._held = this._held.filter((held) => held.loop !== this.loop);
    this._enter(loop, beat, 0);
  }

  // Adds what happens before a sample, and of the loop what belongs to turns before a beat.
  _collect(found, from, to, end) {
    this._sound(this._prelude, found, from, to);
    const { loop } = this;
    while (loop.events.length) {
      if (this._index === loop.events.length) {
        this._index = 0;
        this._turn += loop.beats;
      }
      const event = loop.events[this._index], beat = this._turn + event.beat;
      if (beat >= end - NEAR || this._sample(beat) >= to) break;
      this._index += 1;
      if (!event.early || this._turn + loop.beats < end - NEAR)
        this._strike(found, from, { ...event, beat, loop });
    }
    this._clicks(found, from, to, end);
    this._release(found, from, to);
  }

  _sound(notes, found, from, to) {
    while (notes.length && this._sample(notes[0].beat) < to) this._strike(found, from, notes.shift());
  }

  _strike(found, from, note) {
    const { channel, pitch, velocity, part, beat, loop } = note;
    const at = Math.max(from, this._sample(beat));
    found.push({ at, kind: "on", channel, pitch, velocity, part, beat });
    this._held.push({ beat: beat + note.length, after: at + 1, channel, pitch, loop });
  }

  _clicks(found, from, to, end) {
    while (this._click < end - NEAR && this._sample(this._click) < to) {
      const at = this._sample(this._click);
      const accent = (this._click - this.base) % this.loop.beatsPerBar === 0;
      if (this.metronome && at >= from) found.push({ at, kind: "click", accent });
      this._click += 1;
    }
  }

  _release(found, from, to) {
    const left = [];
    for (const held of this._held) {
      const { channel, pitch } = held;
      const at = Math.max(from, held.after, this._sample(held.beat));
      if (at < to) found.push({ at, kind: "off", channel, pitch });
      else left.push(held);
    }
    this._held = left;
  }

  _sample(beat) {
    return Math.round(this.clock.sampleOf(beat));
  }
}

// The notes of a loop that are heard ahead of a beat at which it begins.
function early(loop, beat) {
  return loop.events
    .filter((event) => event.early)
    .map((event) => ({ ...event, beat: beat + event.beat - loop.beats, loop }));
}
