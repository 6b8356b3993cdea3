// Holds peaks below a ceiling: down by the time each comes, back by 40 dB a second.

const LOOKAHEAD_SECONDS = 0.002;
const RELEASE_DB_PER_SECOND = 40;
const MARGIN_DB = 0.3; // of peaks between samples

export class Limiter {
  constructor(ceilingDb, sampleRate) {
    this._ceiling = 10 ** ((ceilingDb - MARGIN_DB) / 20);
    this.latency = Math.round(LOOKAHEAD_SECONDS * sampleRate);
    const size = this.latency;
    this._past = [new Float32Array(size), new Float32Array(size)];
    this._least = new Float64Array(size).fill(1); // the gains asked for in the last samples
    this._means = new Float64Array(size).fill(1);
    this._sum = size;
    this._back = 10 ** (RELEASE_DB_PER_SECOND / sampleRate / 20);
    this._held = 1;
    this._at = 0;
  }

  process(sound, count) {
    const [left, right] = sound, [lateLeft, lateRight] = this._past;
    for (let i = 0; i < count; i++) {
      const gain = this._gain(Math.max(Math.abs(left[i]), Math.abs(right[i])));
      const at = this._at;
      const outLeft = lateLeft[at], outRight = lateRight[at];
      lateLeft[at] = left[i];
      lateRight[at] = right[i];
      left[i] = outLeft * gain;
      right[i] = outRight * gain;
      this._at = at + 1 === lateLeft.length ? 0 : at + 1;
    }
  }

  // The gain of the sample that is heard now: the mean of the least that was asked for since.
  _gain(peak) {
    const asked = peak > this._ceiling ? this._ceiling / peak : 1;
    this._held = Math.min(asked, Math.min(1, this._held * this._back));
    this._least[this._at] = this._held;
    if (this._held === 1 && this._sum >= this._means.length - 1e-9) return 1;
    let least = 1;
    for (const value of this._least) if (value < least) least = value;
    this._sum += least - this._means[this._at];
    this._means[this._at] = least;
    return Math.min(1, this._sum / this._means.length);
  }
}
