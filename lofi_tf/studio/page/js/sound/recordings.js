// Clips that are recordings: played once, or in a loop that is exact to the sample.

const FADE_SECONDS = 0.015;

export class Recordings {
  constructor(context, onEnd) {
    this._context = context;
    this._onEnd = onEnd;
    this._level = new GainNode(context);
    this._level.connect(context.destination);
  }

  get isPlaying() {
    return this._source !== undefined;
  }

  get level() {
    return this._level;
  }

  // Decodes a file's bytes.
  async open(bytes) {
    const seconds = wavSeconds(bytes);
    return { seconds, buffer: await this._context.decodeAudioData(bytes.slice(0)) };
  }

  // Plays what `open` gave; what played before ends.
  play({ seconds, buffer }, loop) {
    this.stop();
    const source = new AudioBufferSourceNode(this._context, { buffer, loop });
    // A loop is as long as the file, not as what its samples were rounded to at another rate.
    source.loopStart = 0;
    source.loopEnd = Math.min(buffer.duration, seconds ?? buffer.duration);
    this._fader = new GainNode(this._context);
    source.connect(this._fader).connect(this._level);
    source.onended = () => this._ended(source);
    this._began = this._context.currentTime;
    source.start(this._began);
    this._source = source;
  }

  // Ends what plays, softly.
  stop() {
    if (!this._source) return;
    const now = this._context.currentTime, { gain } = this._fader;
    gain.setValueAtTime(1, now);
    gain.linearRampToValueAtTime(0, now + FADE_SECONDS);
    this._source.stop(now + FADE_SECONDS);
    this._source = undefined;
  }

  // Where it is, in seconds of the file, at a moment of the context.
  place(seconds) {
    if (!this._source) return 0;
    const passed = Math.max(0, seconds - this._began);
    return this._source.loop ? passed % this._source.loopEnd : passed;
  }

  _ended(source) {
    if (this._source !== source) return;
    this._source = undefined;
    this._onEnd();
  }
}

// How long a WAV file is by its own count of samples; null of other files.
export function wavSeconds(bytes) {
  const view = new DataView(bytes), word = (at) => String.fromCharCode(...new Uint8Array(bytes, at, 4));
  if (bytes.byteLength < 44 || word(0) !== "RIFF" || word(8) !== "WAVE") return null;
  let rate = 0, frame = 0;
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    if (word(at) === "fmt ") {
      rate = view.getUint32(at + 12, true);
      frame = view.getUint16(at + 20, true);
    } else if (word(at) === "data") {
      return rate && frame ? Math.floor(Math.min(size, bytes.byteLength - at - 8) / frame) / rate : null;
    }
    at += 8 + size + (size % 2);
  }
  return null;
}
