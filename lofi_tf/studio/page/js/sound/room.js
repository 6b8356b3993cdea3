// A room: a feedback delay network of eight lines, that of lofi_tf/rendering/room.py.

const LINES = [887, 1031, 1153, 1327, 1493, 1663, 1847, 2039].map((count) => count / 44100);
const BEFORE_SECONDS = 0.012; // until the first echo begins to travel
const SIGNS = [1, 1, -1, -1, 1, -1, -1, 1];

export class Room {
  constructor(seconds, dampingHz, sampleRate) {
    this._sizes = LINES.map((line) => Math.max(2, Math.round(line * sampleRate)));
    this._decays = this._sizes.map((size) => 10 ** ((-3 * size) / (seconds * sampleRate)));
    this._pole = Math.exp(-2 * Math.PI * Math.min(dampingHz / sampleRate, 0.5));
    this._lines = this._sizes.map((size) => new Float32Array(size));
    this._places = new Int32Array(LINES.length);
    this._memory = new Float64Array(LINES.length);
    this._given = new Float64Array(LINES.length);
    const before = Math.round(BEFORE_SECONDS * sampleRate);
    this._before = [new Float32Array(before), new Float32Array(before)];
    this._late = 0;
  }

  clear() {
    for (const line of [...this._lines, ...this._before, this._memory]) line.fill(0);
  }

  // Adds the echoes of what is sent to what is heard, both [left, right].
  process(sent, heard, count) {
    const [late0, late1] = this._before;
    for (let i = 0; i < count; i++) {
      const left = late0[this._late] / 2, right = late1[this._late] / 2;
      late0[this._late] = sent[0][i];
      late1[this._late] = sent[1][i];
      this._late = (this._late + 1) % late0.length;
      this._step(left, right, heard, i);
    }
  }

  _step(left, right, heard, i) {
    const given = this._given;
    let sum = 0, outLeft = 0, outRight = 0;
    for (let n = 0; n < given.length; n++) {
      const came = this._lines[n][this._places[n]];
      this._memory[n] = (1 - this._pole) * came + this._pole * this._memory[n];
      given[n] = this._memory[n] * this._decays[n];
      sum += given[n];
      if (n % 2) outRight += SIGNS[n] * given[n];
      else outLeft += SIGNS[n] * given[n];
    }
    for (let n = 0; n < given.length; n++) {
      // By a Householder matrix; what is below hearing is nothing, lest it slow the computer.
      const back = given[n] - (sum * 2) / given.length + (n % 2 ? right : left);
      this._lines[n][this._places[n]] = Math.abs(back) < 1e-15 ? 0 : back;
      this._places[n] = this._places[n] + 1 === this._sizes[n] ? 0 : this._places[n] + 1;
    }
    heard[0][i] += outLeft / 2;
    heard[1][i] += outRight / 2;
  }
}
