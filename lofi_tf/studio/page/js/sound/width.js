// Width: what lofi_tf/rendering/width.py does, for [left, right] in place.

import { butterworth } from "./filters.js";
import { between } from "./tape.js";

const DELAYS_SECONDS = [0.011, 0.017], SWAY_SECONDS = 0.0012, SWAY_HZ = [0.37, 0.29];
const RISE_SECONDS = 0.02; // in which the copies come in, lest they click in the middle of a sound
const LOW_HZ = 150; // what is below stays in the middle

// A chorus that is added on the left and taken off on the right: nothing is lost in mono.
export class Width {
  constructor(amount, sampleRate) {
    this._scale = amount / Math.SQRT2;
    this._rise = RISE_SECONDS * sampleRate;
    this._first = DELAYS_SECONDS[1] * sampleRate + SWAY_SECONDS * sampleRate;
    this._sway = SWAY_SECONDS * sampleRate;
    this._copies = DELAYS_SECONDS.map((seconds, number) => ({
      delay: seconds * sampleRate,
      step: (2 * Math.PI * SWAY_HZ[number]) / sampleRate,
      phase: 0,
    }));
    this._past = new Float32Array(2 ** Math.ceil(Math.log2(0.02 * sampleRate + 8)));
    this._filter = butterworth("highpass", LOW_HZ, sampleRate);
    this._side = [new Float64Array(4096), new Float64Array(4096)];
    this._at = 0;
  }

  clear() {
    this._past.fill(0);
    this._at = 0;
    this._filter.clear();
  }

  process([left, right], count) {
    const mask = this._past.length - 1, [side] = this._side;
    for (let i = 0; i < count; i++) {
      this._past[this._at & mask] = (left[i] + right[i]) / 2;
      const risen = Math.min(1, Math.max(0, (this._at - this._first) / this._rise));
      side[i] = risen * this._scale * (this._copy(0, mask) - this._copy(1, mask));
      this._at += 1;
    }
    this._filter.process(this._side, count);
    for (let i = 0; i < count; i++) {
      left[i] += side[i];
      right[i] -= side[i];
    }
  }

  _copy(number, mask) {
    const copy = this._copies[number];
    const place = this._at - copy.delay - this._sway * Math.sin(copy.phase), whole = Math.floor(place);
    copy.phase += copy.step;
    if (copy.phase > 2 * Math.PI) copy.phase -= 2 * Math.PI;
    return between(this._past, whole, place - whole, mask);
  }
}

// Takes what differs between left and right off below a corner.
export class MonoBelow {
  constructor(cornerHz, sampleRate) {
    this._filter = butterworth("highpass", cornerHz, sampleRate);
    this._side = [new Float64Array(4096), new Float64Array(4096)];
  }

  process([left, right], count) {
    const [side] = this._side;
    for (let i = 0; i < count; i++) side[i] = (left[i] - right[i]) / 2;
    this._filter.process(this._side, count);
    for (let i = 0; i < count; i++) {
      const middle = (left[i] + right[i]) / 2;
      left[i] = middle + side[i];
      right[i] = middle - side[i];
    }
  }
}
