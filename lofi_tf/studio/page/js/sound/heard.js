// Which moment of an AudioContext is heard now, and when on the page's clock another one is.

export class Heard {
  constructor(context) {
    this._context = context;
  }

  // The context's time, in seconds, that is heard at a time of performance.now().
  secondsAt(milliseconds) {
    const [seconds, at] = this._anchor();
    return seconds + (milliseconds - at) / 1000;
  }

  // The time of performance.now() at which a moment of the context is heard.
  millisecondsOf(seconds) {
    const [known, at] = this._anchor();
    return at + (seconds - known) * 1000;
  }

  // A moment of the context and when it is heard.
  _anchor() {
    const stamp = this._context.getOutputTimestamp?.();
    if (stamp && stamp.contextTime > 0) return [stamp.contextTime, stamp.performanceTime];
    const late = this._context.outputLatency || this._context.baseLatency || 0;
    return [this._context.currentTime - late, performance.now()];
  }
}

// The beat, from where playing began, of a moment in samples, by a player's `position`.
export function beatOf(position, sample) {
  return position.beat + (sample - position.latency - position.sample) / position.samplesPerBeat;
}

// A beat as a place in the loop, 0 up to its beats.
export function placeOf(position, beat) {
  const passed = beat - position.base;
  return passed - Math.floor(passed / position.beats) * position.beats;
}
