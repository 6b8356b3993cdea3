// Noise of a record: hiss, crackle and pops, like those of lofi_tf/rendering/vinyl.py.

import { bandpass } from "./filters.js";

const POP_SHARE = 0.04; // of the clicks, which are lower and louder
const POP_FACTOR = 3;
const SPREAD = 0.7; // of the loudness of clicks, standard deviation of its logarithm
const BANDS = [[1500, 7000], [150, 1200]];

export class Vinyl {
  constructor(hissDb, cracklesPerSecond, crackleDb, sampleRate) {
    this._hiss = hissDb === null ? 0 : 10 ** (hissDb / 20);
    this._chance = cracklesPerSecond / sampleRate;
    this._bands = BANDS.map(([low, high], number) => {
      const size = 10 ** (crackleDb / 20) / peakOf(bandpass(low, high, sampleRate), sampleRate);
      return { filter: bandpass(low, high, sampleRate), size: number ? POP_FACTOR * size : size };
    });
    this._struck = [new Float32Array(4096), new Float32Array(4096)];
  }

  process(sound, count) {
    for (const samples of sound)
      if (this._hiss) for (let i = 0; i < count; i++) samples[i] += this._hiss * normal();
    if (!this._chance) return;
    const pops = this._clicks(count);
    this._bands.forEach((band, number) => this._add(band, pops[number], sound, count));
  }

  _clicks(count) {
    const struck = [[], []];
    for (let i = 0; i < count; i++) {
      if (Math.random() >= this._chance) continue;
      const size = Math.exp(SPREAD * normal()) * (Math.random() < 0.5 ? -1 : 1), side = 2 * Math.random() - 1;
      const click = { i, sizes: [size * Math.min(1, 1 - side), size * Math.min(1, 1 + side)] };
      struck[Math.random() < POP_SHARE ? 1 : 0].push(click);
    }
    return struck;
  }

  _add(band, clicks, sound, count) {
    for (const channel of this._struck) channel.fill(0, 0, count);
    for (const { i, sizes } of clicks)
      sizes.forEach((size, channel) => (this._struck[channel][i] += band.size * size));
    band.filter.process(this._struck, count);
    sound.forEach((samples, channel) => {
      for (let i = 0; i < count; i++) samples[i] += this._struck[channel][i];
    });
  }
}

// A normal variate, by Box and Muller.
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

// The peak of a filter's answer to a sample of 1.
function peakOf(filter, sampleRate) {
  const size = Math.round(sampleRate / 10), sound = [new Float64Array(size), new Float64Array(size)];
  sound[0][0] = 1;
  filter.process(sound, size);
  return sound[0].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
