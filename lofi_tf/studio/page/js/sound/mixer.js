// The mix: strips at their level and place, giving way to the kick, in a room.

import { Ducking } from "./ducking.js";
import { Room } from "./room.js";
import { STRIPS } from "./strips.js";
import { Width } from "./width.js";

const SMOOTH_SECONDS = 0.005; // in which a level moves, so that nothing clicks

// What a person moves: levels in dB, and which strips are muted or alone.
export class Faders {
  constructor() {
    this.levels = {};
    this.muted = new Set();
    this.soloed = new Set();
  }

  gain(strip) {
    if (this.muted.has(strip) || (this.soloed.size && !this.soloed.has(strip))) return 0;
    return 10 ** ((this.levels[strip] || 0) / 20);
  }

  // Whether nothing has been moved.
  get isFlat() {
    return !this.muted.size && !this.soloed.size && Object.values(this.levels).every((level) => !level);
  }
}

export class Mixer {
  constructor(mix, faders, sampleRate) {
    this._faders = faders;
    this._smooth = 1 - Math.exp(-1 / (SMOOTH_SECONDS * sampleRate));
    this._strips = STRIPS.map((strip) => ({ ...settingsOf(mix, strip), strip, gain: faders.gain(strip) }));
    for (const strip of this._strips)
      if (mix.width[strip.strip]) strip.width = new Width(mix.width[strip.strip], sampleRate);
    this.ducking = new Ducking(mix.duck_release_seconds, sampleRate);
    this._room = new Room(mix.room_seconds, mix.room_damping_hz, sampleRate);
    this._sent = [new Float32Array(4096), new Float32Array(4096)];
    this._depth = new Float32Array(4096);
  }

  clear() {
    for (const strip of this._strips) strip.width?.clear();
    this._room.clear();
    this.ducking.clear();
  }

  // Writes the mix of the strips' sounds to `out`; the first sample has the number `from`.
  process(sounds, out, from, count) {
    for (const channel of [...out, ...this._sent]) channel.fill(0, 0, count);
    this.ducking.depth(this._depth, from, count);
    this._strips.forEach((strip, number) => this._add(strip, sounds[number], out, count));
    this._room.process(this._sent, out, count);
  }

  _add(strip, sound, out, count) {
    const goal = this._faders.gain(strip.strip), [left, right] = sound;
    strip.width?.process(sound, count);
    if (!goal && strip.gain < 1e-6) return;
    for (let i = 0; i < count; i++) {
      strip.gain += (goal - strip.gain) * this._smooth;
      const duck = strip.duck && this._depth[i] ? Math.exp(strip.duck * this._depth[i]) : 1;
      const gain = strip.gain * duck, one = gain * strip.left * left[i], other = gain * strip.right * right[i];
      out[0][i] += one;
      out[1][i] += other;
      this._sent[0][i] += strip.send * one;
      this._sent[1][i] += strip.send * other;
    }
  }
}

// A strip's factors: of its channels by level and place, what it sends, and how it ducks.
function settingsOf(mix, strip) {
  const level = 10 ** (mix.gain_db[strip] / 20), angle = ((mix.pan[strip] + 1) * Math.PI) / 4;
  const send = mix.room_db[strip];
  return {
    left: level * Math.SQRT2 * Math.cos(angle),
    right: level * Math.SQRT2 * Math.sin(angle),
    send: send === null ? 0 : 10 ** (send / 20),
    duck: (-mix.duck_db[strip] / 20) * Math.LN10,
  };
}
