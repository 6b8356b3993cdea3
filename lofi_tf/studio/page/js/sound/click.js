// The metronome's clicks: short tones over the mix.

const SECONDS = 0.04;
const HZ = { accent: 1760, beat: 1175 };
const LEVEL = { accent: 0.35, beat: 0.25 };

export class Clicks {
  constructor(sampleRate) {
    this._rate = sampleRate;
    this._left = 0;
  }

  // Adds what sounds to [left, right]; `struck` are clicks {at, accent}, samples of this stretch.
  add(out, count, struck) {
    for (let i = 0; i < count; i++) {
      for (const click of struck) if (click.at === i) this._strike(click.accent ? "accent" : "beat");
      if (this._left <= 0) continue;
      const passed = this._size - this._left, fall = this._left / this._size;
      const rise = Math.min(1, passed / 40);
      const value = this._level * rise * fall * fall * Math.sin(this._turn * passed);
      out[0][i] += value;
      out[1][i] += value;
      this._left -= 1;
    }
  }

  _strike(kind) {
    this._size = this._left = Math.round(SECONDS * this._rate);
    this._turn = (2 * Math.PI * HZ[kind]) / this._rate;
    this._level = LEVEL[kind];
  }
}
