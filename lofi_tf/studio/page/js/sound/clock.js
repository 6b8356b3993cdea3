// Beats and samples. Every beat is counted from one anchor, so that nothing drifts.

export class Clock {
  constructor(sampleRate, qpm) {
    this.sampleRate = sampleRate;
    this.anchorSample = 0;
    this.anchorBeat = 0;
    this._setSpeed(qpm);
  }

  // Lets a beat be at a sample.
  anchor(sample, beat) {
    this.anchorSample = sample;
    this.anchorBeat = beat;
  }

  // Changes the tempo at a sample; beats before it stay where they were.
  setQpm(qpm, sample) {
    this.anchor(sample, this.beatOf(sample));
    this._setSpeed(qpm);
  }

  sampleOf(beat) {
    return this.anchorSample + (beat - this.anchorBeat) * this.samplesPerBeat;
  }

  beatOf(sample) {
    return this.anchorBeat + (sample - this.anchorSample) / this.samplesPerBeat;
  }

  _setSpeed(qpm) {
    this.qpm = qpm;
    this.samplesPerBeat = (60 / qpm) * this.sampleRate;
  }
}
