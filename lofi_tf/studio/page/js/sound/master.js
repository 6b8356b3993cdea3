// From the strips' sounds to what is heard: mix, level, tape and record, level, limiter.

import { chainOf } from "./chain.js";
import { Limiter } from "./limiter.js";
import { Leveller } from "./loudness.js";
import { Mixer } from "./mixer.js";
import { STRIPS } from "./strips.js";

const NOMINAL_LUFS = -18; // of what goes through the chain, as in lofi_tf/rendering/render.py
const EXPECTED_LUFS = -28.5; // of one part of a mix that has not been heard yet
const LOSS_DB = 1; // that a chain is expected to take
const MOST_KNOWN = 500;

const each = (value) => Object.fromEntries(STRIPS.map((strip) => [strip, value]));

// The mix before a preset is known: parts as they are, a small room.
export const PLAIN = {
  gain_db: each(0), pan: each(0), width: each(0), mono_below_hz: null, room_db: each(-16), duck_db: each(0), duck_release_seconds: 0.25,
  room_seconds: 0.6, room_damping_hz: 6000, saturation_db: null, wow_percent: 0, wow_hz: 0.6,
  flutter_percent: 0, flutter_hz: 7, sample_hold_hz: null, bit_depth: null, hiss_db: null,
  crackles_per_second: 0, crackle_db: -36, highpass_hz: null, lowpass_hz: null,
  loudness_lufs: -16, ceiling_db: -1,
};

export class Master {
  constructor(mix, faders, sampleRate) {
    this._rate = sampleRate;
    this._faders = faders;
    this._known = new Map(); // what loops were measured to be, by their keys
    this.change(mix);
  }

  // Takes another preset.
  change(mix) {
    this._mix = mix;
    this.mixer = new Mixer(mix, this._faders, this._rate);
    this._refresh();
    const made = NOMINAL_LUFS - (this._chain.length ? LOSS_DB : 0);
    this._expected = [this._before?.aimed ?? EXPECTED_LUFS, made]; // the loop is what it was
    this._before = new Leveller(NOMINAL_LUFS, this._expected[0], this._rate);
    this._after = new Leveller(mix.loudness_lufs, made, this._rate);
    this._known.clear();
    this._expect();
  }

  // The samples by which sound comes out later than it went in.
  get latency() {
    return this._chain.reduce((sum, effect) => sum + (effect.latency || 0), this._limiter.latency);
  }

  // Tells of the loop that follows: a key of its own, how long a turn lasts, how many parts it has.
  // After silence levels are there at once; an edit is expected to be as loud as what it was.
  expect({ key, seconds, numParts }, isSilent, isEdit) {
    this._keep();
    this._key = key;
    this._turn = seconds;
    this._expected[0] = EXPECTED_LUFS + 10 * Math.log10(Math.max(1, numParts));
    if (isEdit && !this._known.has(key)) {
      this._before.expect(this._before.aimed, seconds);
      this._after.expect(this._after.aimed, seconds);
      return;
    }
    this._expect();
    if (!isSilent) return;
    this._before.jump();
    this._after.jump();
  }

  // Forgets what sounded: what room, delays and filters still hold would be heard as a click.
  clear() {
    this.mixer.clear();
    this._refresh();
  }

  // Writes what is heard to `out`; `isLoop` says whether a loop sounds; `click` adds to it.
  process(sounds, out, from, count, isLoop, click) {
    const listens = isLoop && this._faders.isFlat;
    this.mixer.process(sounds, out, from, count);
    this._before.process(out, count, listens);
    for (const effect of this._chain) if (isLoop || !effect.isNoise) effect.process(out, count);
    // The noise of a tape alone does not say how loud the loop is.
    const follows = listens && this._before.hasHeard;
    this._after.process(out, count, follows, this._before.gain, this._before.goal);
    click(out, count);
    this._limiter.process(out, count);
  }

  _refresh() {
    this._chain = chainOf(this._mix, this._rate);
    this._limiter = new Limiter(this._mix.ceiling_db, this._rate);
  }

  _expect() {
    const [mixed, made] = this._known.get(this._key) || this._expected;
    this._before.expect(mixed, this._turn || 0);
    this._after.expect(made, this._turn || 0);
  }

  // Keeps what has been measured for the next time that the loop is played.
  _keep() {
    const mixed = this._before.known, made = this._after.known;
    if (mixed === null || made === null || !Number.isFinite(mixed + made)) return;
    if (this._known.size >= MOST_KNOWN) this._known.delete(this._known.keys().next().value);
    this._known.set(this._key, [mixed, made]);
  }
}
