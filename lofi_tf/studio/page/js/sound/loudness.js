// How loud sound is, by ITU-R BS.1770-4, while it plays: over the last turn of a loop.

import { kWeighting } from "./filters.js";

const STEP_SECONDS = 0.1;
const STEPS_A_BLOCK = 4; // blocks of 400 ms, one every 100 ms
const ABSOLUTE_GATE = -70;
const RELATIVE_GATE_DB = -10;
const OFFSET_DB = -0.691;
const MOST_STEPS = 3000;

export class Meter {
  constructor(sampleRate) {
    this._sections = kWeighting(sampleRate);
    this._stepSize = Math.round(STEP_SECONDS * sampleRate);
    this._weighted = [new Float64Array(4096), new Float64Array(4096)];
    this.clear();
  }

  clear() {
    this.powers = [];
    this._sum = 0;
    this._count = 0;
  }

  // Takes in the next samples; says whether a new step of 100 ms is complete. What was made
  // louder by a factor on its way is counted as if it had not been.
  add(sound, count, factor = 1) {
    sound.forEach((samples, channel) => {
      for (let i = 0; i < count; i++) this._weighted[channel][i] = samples[i];
    });
    for (const section of this._sections) section.process(this._weighted, count);
    const [left, right] = this._weighted;
    for (let i = 0; i < count; i++) this._sum += left[i] * left[i] + right[i] * right[i];
    this._count += count;
    if (this._count < this._stepSize) return false;
    this.powers.push(this._sum / this._count / factor ** 2);
    if (this.powers.length > MOST_STEPS) this.powers.shift();
    this._sum = this._count = 0;
    return true;
  }

  // The loudness of the last steps in LUFS, -Infinity for silence.
  level(steps) {
    const powers = this.powers.slice(-steps), blocks = [];
    for (let end = STEPS_A_BLOCK; end <= powers.length; end++)
      blocks.push(mean(powers.slice(end - STEPS_A_BLOCK, end)));
    if (!blocks.length) return lufs(mean(powers));
    const loud = blocks.filter((power) => lufs(power) > ABSOLUTE_GATE);
    const gate = lufs(mean(loud)) + RELATIVE_GATE_DB;
    return lufs(mean(loud.filter((power) => lufs(power) > gate)));
  }

  get seconds() {
    return this.powers.length * STEP_SECONDS;
  }
}

function mean(values) {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}

function lufs(power) {
  return power > 0 ? OFFSET_DB + 10 * Math.log10(power) : -Infinity;
}

const MOVE_SECONDS = 0.4; // in which a gain comes near to what is measured
const SURE_SECONDS = 1.5; // of listening, or this share of a turn, count as much as what was
const SURE_SHARE = 0.25; // expected: a track's quiet beginning is to stay quiet
const LEAST_DB = -24;
const MOST_DB = 30;

// A gain that brings a loop to a loudness, as a render does that hears all of it before.
//
// At first it is what is expected; as more is heard, what is measured; after one turn, that alone.
export class Leveller {
  constructor(targetLufs, expectedLufs, sampleRate) {
    this._target = targetLufs;
    this._meter = new Meter(sampleRate);
    this._rate = sampleRate;
    this._step = 1 - Math.exp(-1 / (MOVE_SECONDS * sampleRate));
    this.expect(expectedLufs, 0);
    this._gain = this._goal;
  }

  // Begins with another loop, which lasts some seconds.
  expect(lufs, turnSeconds) {
    this._expected = lufs;
    this._turn = turnSeconds;
    this._hasHeard = false;
    this._meter.clear();
    this._aim(lufs);
  }

  // Brings the gain to its goal at once: where nothing sounds.
  jump() {
    this._gain = this._goal;
  }

  // What the loop is measured to be, or null while less than a turn has been heard.
  get known() {
    return this._turn && this._meter.seconds > this._turn ? this._measured() : null;
  }

  // The factor that the level is changed by now.
  get gain() {
    return this._gain;
  }

  // Changes the sound's level; listens unless it is not what the loop is. A factor that the sound
  // has been changed by, and will be by `goal` soon, is no part of what is measured.
  process(sound, count, listens, factor = 1, goal = 1) {
    this._before = 20 * Math.log10(goal);
    if (listens && this._meter.add(sound, count, factor)) this._hear();
    for (let i = 0; i < count; i++) {
      this._gain += (this._goal - this._gain) * this._step;
      sound[0][i] *= this._gain;
      sound[1][i] *= this._gain;
    }
  }

  get goal() {
    return this._goal;
  }

  // Whether anything of the loop has sounded.
  get hasHeard() {
    return this._hasHeard;
  }

  _measured() {
    return this._before + this._meter.level(Math.max(4, Math.round(this._turn / STEP_SECONDS)));
  }

  _hear() {
    const measured = this._measured();
    if (!Number.isFinite(measured)) return;
    this._hasHeard = true;
    const heard = this._meter.seconds;
    const sure = Math.max(SURE_SECONDS, SURE_SHARE * this._turn);
    const trust = this.known === null ? heard / (heard + sure) : 1;
    this._aim(trust * measured + (1 - trust) * this._expected);
  }

  // The loudness that the loop is taken for.
  get aimed() {
    return this._aimed;
  }

  _aim(lufs) {
    this._aimed = lufs;
    this._goal = 10 ** (Math.min(MOST_DB, Math.max(LEAST_DB, this._target - lufs)) / 20);
  }
}
