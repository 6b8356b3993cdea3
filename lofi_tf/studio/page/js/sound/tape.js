// Tape and an old sampler: what lofi_tf/rendering/effects.py does, for [left, right] in place.

const NEAR = 1e-5; // of neighbours whose quotient of differences would lose its digits
const SPARE = 3; // samples around a delay that interpolation reads

// tanh(g x) / g with little aliasing: each sample is the mean of the curve since the last one.
export class Saturation {
  constructor(driveDb) {
    this._gain = 10 ** (driveDb / 20);
    this._last = new Float64Array(2);
    this._integral = new Float64Array(2);
  }

  process(sound, count) {
    for (let channel = 0; channel < 2; channel++) {
      const samples = sound[channel];
      let last = this._last[channel], before = this._integral[channel];
      for (let i = 0; i < count; i++) {
        const driven = this._gain * samples[i], size = Math.abs(driven), step = driven - last;
        const integral = size + Math.log1p(Math.exp(-2 * size)) - Math.LN2;
        const near = Math.abs(step) < NEAR;
        samples[i] = (near ? Math.tanh(driven - step / 2) : (integral - before) / step) / this._gain;
        last = driven;
        before = integral;
      }
      this._last[channel] = last;
      this._integral[channel] = before;
    }
  }
}

// A speed that sways: a delay that moves by two sines.
export class WowAndFlutter {
  constructor(wowPercent, wowHz, flutterPercent, flutterHz, sampleRate) {
    this._sways = [[wowPercent, wowHz, 0.7], [flutterPercent, flutterHz, 2.1]].map(([percent, hz, phase]) => ({
      size: ((percent / 100) * sampleRate) / (2 * Math.PI * hz),
      step: (2 * Math.PI * hz) / sampleRate,
      phase,
    }));
    this.latency = Math.ceil(this._sways.reduce((sum, sway) => sum + sway.size, 0)) + SPARE;
    let size = 1;
    while (size < 2 * this.latency + 4) size *= 2;
    this._past = [new Float32Array(size), new Float32Array(size)];
    this._at = 0;
  }

  process(sound, count) {
    const mask = this._past[0].length - 1;
    for (let i = 0; i < count; i++) {
      let late = this.latency;
      for (const sway of this._sways) {
        late += sway.size * Math.sin(sway.phase);
        sway.phase += sway.step;
        if (sway.phase > 2 * Math.PI) sway.phase -= 2 * Math.PI;
      }
      const place = this._at - late, whole = Math.floor(place), part = place - whole;
      for (let channel = 0; channel < 2; channel++) {
        const past = this._past[channel];
        past[this._at & mask] = sound[channel][i];
        sound[channel][i] = between(past, whole, part, mask);
      }
      this._at += 1;
    }
  }
}

// A cubic Hermite (Catmull-Rom) polynomial through the samples around a place.
export function between(past, whole, part, mask) {
  const before = past[(whole - 1) & mask], here = past[whole & mask];
  const after = past[(whole + 1) & mask], last = past[(whole + 2) & mask];
  const twist = (3 * (here - after) + last - before) / 2;
  const bend = before - (5 * here - 4 * after + last) / 2;
  return ((twist * part + bend) * part + (after - before) / 2) * part + here;
}

// A lower sample rate, each sample held until the next: with all its aliases.
export class SampleHold {
  constructor(holdHz, sampleRate) {
    this._step = holdHz / sampleRate;
    this._phase = 1;
    this._held = new Float64Array(2);
  }

  process(sound, count) {
    for (let i = 0; i < count; i++) {
      if (this._phase >= 1) {
        this._phase -= 1;
        this._held[0] = sound[0][i];
        this._held[1] = sound[1][i];
      }
      this._phase += this._step;
      sound[0][i] = this._held[0];
      sound[1][i] = this._held[1];
    }
  }
}

// Fewer bits: the nearest of 2 ** bits levels between -1 and 1.
export class BitDepth {
  constructor(bits) {
    this._levels = 2 ** (bits - 1);
  }

  process(sound, count) {
    for (const samples of sound)
      for (let i = 0; i < count; i++) samples[i] = Math.round(samples[i] * this._levels) / this._levels;
  }
}
