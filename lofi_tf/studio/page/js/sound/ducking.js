// Side-chain ducking: parts give way to the kick, as in lofi_tf/rendering/ducking.py.

const ATTACK_SECONDS = 0.005;

export class Ducking {
  constructor(releaseSeconds, sampleRate) {
    this._attack = ATTACK_SECONDS * sampleRate;
    this._release = releaseSeconds * sampleRate;
    this._kicks = [];
  }

  // Tells of a kick at a sample, of a weight of 0 to 1.
  kick(at, weight) {
    this._kicks.push({ at, weight });
  }

  clear() {
    this._kicks = [];
  }

  // Writes how far parts give way, 0 to 1, at samples from one on.
  depth(out, from, count) {
    out.fill(0, 0, count);
    const reach = this._attack + this._release + 2;
    this._kicks = this._kicks.filter((kick) => from - kick.at < reach);
    for (const { at, weight } of this._kicks) {
      for (let i = Math.max(0, at - from); i < count; i++) {
        const passed = from + i - at;
        const rise = Math.min(passed / this._attack, 1);
        const fall = Math.min(1, Math.max(0, (passed - this._attack) / this._release));
        const shape = 0.5 * (Math.cos(Math.PI * fall) - Math.cos(Math.PI * rise));
        if (weight * shape > out[i]) out[i] = weight * shape;
      }
    }
  }
}
