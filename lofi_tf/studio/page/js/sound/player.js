// All that makes sound, without a page: a synthesiser, a sequencer and a master, block by block.
//
// It runs in an audio worklet, and as well in node. Messages come by `take`, notes are told by
// `tell`: {kind: "note", ...} as they sound, {kind: "state", ...} when playing changes.

import { SoundBankLoader, SpessaSynthProcessor } from "../../vendor/spessasynth/spessasynth_core.js";
import { Clicks } from "./click.js";
import { loopOf } from "./loop.js";
import { Master, PLAIN } from "./master.js";
import { Faders } from "./mixer.js";
import { Sequencer } from "./sequencer.js";
import { CHANNELS, STRIPS, handOf, stripNumber } from "./strips.js";

const BLOCK = 128;
const FADE_SECONDS = 0.015; // in which sound ends at a stop
const SYNTH_GAIN = 1 / 0.6; // what the synthesiser takes off, given back
const KICKS = [35, 36];

export class Player {
  constructor(sampleRate, tell) {
    this.sampleRate = sampleRate;
    this._tell = tell;
    this._faders = new Faders();
    this._master = new Master(PLAIN, this._faders, sampleRate);
    this._sequencer = new Sequencer(sampleRate);
    this._clicks = new Clicks(sampleRate);
    this._sounds = STRIPS.map(() => [new Float32Array(BLOCK), new Float32Array(BLOCK)]);
    this._mixed = [new Float64Array(BLOCK), new Float64Array(BLOCK)];
    this._fadeStep = 1 / (FADE_SECONDS * sampleRate);
    this._fade = 1; // of what is heard; it falls while something is to be done in silence
    this._after = null; // what is done then
    this._nextMix = null;
    this._hand = []; // notes played by hand since the last block
    this._programs = new Map();
    this.frame = 0;
  }

  // Takes the bytes of a SoundFont, beside what it has, by a name of its own.
  load(bytes, name) {
    this._synth ??= this._opened();
    this._synth.soundBankManager.addSoundBank(SoundBankLoader.fromArrayBuffer(bytes), name);
    for (const [channel, program] of this._programs) this._synth.programChange(channel, program);
  }

  _opened() {
    const synth = new SpessaSynthProcessor(this.sampleRate, { effectsEnabled: false, eventsEnabled: false });
    synth.setSystemParameter("gain", SYNTH_GAIN);
    while (synth.midiChannels.length < CHANNELS) synth.createMIDIChannel();
    synth.reset(); // controls of new channels stand at 0, their volume too
    synth.midiChannels.forEach((channel, number) => channel.setDrums(stripNumber(number) === 0));
    for (const part of STRIPS) this._programs.set(handOf(part).channel, handOf(part).program);
    return synth;
  }

  // Does what a message {do, ...} asks.
  take(message) {
    const act = ACTS[message.do];
    if (act) act(this, message);
  }

  // Writes the next samples, `BLOCK` at most, to left and right; the first has the number `frame`.
  process(left, right, frame) {
    const count = left.length;
    this.frame = frame;
    if (!this._synth) return;
    for (const channel of this._sounds.flat()) channel.fill(0);
    const clicks = this._play(frame, count);
    const isLoop = this._sequencer.isPlaying || this._after !== null;
    const click = (out) => this._clicks.add(out, count, clicks);
    this._master.process(this._sounds, this._mixed, frame, count, isLoop, click);
    for (let i = 0; i < count; i++) {
      const gain = this._fading();
      left[i] = gain * this._mixed[0][i];
      right[i] = gain * this._mixed[1][i];
    }
    if (this._after && this._fade === 0) this._act();
    this.frame = frame + count;
  }

  get position() {
    const { clock, loop, base } = this._sequencer;
    if (!loop) return null;
    return {
      sample: clock.anchorSample, beat: clock.anchorBeat, samplesPerBeat: clock.samplesPerBeat,
      base, beats: loop.beats, beatsPerBar: loop.beatsPerBar, programs: loop.programs,
      latency: this._master.latency,
    };
  }

  // Lets the synthesiser play up to each event, then does what it says.
  _play(frame, count) {
    const clicks = [], events = [...this._hand, ...this._events(frame, count)];
    this._hand = [];
    let done = 0;
    for (const event of events) {
      const at = Math.min(count, Math.max(done, event.at - frame));
      this._render(done, at);
      done = at;
      if (event.kind === "click") clicks.push({ ...event, at });
      else this._strike(event);
    }
    this._render(done, count);
    return clicks;
  }

  _events(frame, count) {
    const queued = this._sequencer.isQueued;
    const events = this._sequencer.between(frame, frame + count);
    if (queued && !this._sequencer.isQueued) this._begun(false);
    return events;
  }

  _render(from, to) {
    if (to > from) this._synth.processSplit(this._sounds, ...this._sounds[0], from, to - from);
  }

  _strike(event) {
    const { kind, channel, pitch, velocity, part, at } = event;
    if (kind === "off") {
      this._synth.noteOff(channel, pitch);
      this._tell({ kind: "off", channel, pitch, at });
      return;
    }
    this._synth.noteOn(channel, pitch, velocity);
    if (stripNumber(channel) === 0 && KICKS.includes(pitch))
      this._master.mixer.ducking.kick(at, velocity / 127);
    this._tell({ kind: "note", channel, pitch, velocity, part, at, beat: event.beat });
  }

  _fading() {
    if (this._after) this._fade = Math.max(0, this._fade - this._fadeStep);
    else this._fade = Math.min(1, this._fade + this._fadeStep);
    return 0.5 - 0.5 * Math.cos(Math.PI * this._fade);
  }

  // After a fade: does what waited for it.
  _act() {
    const after = this._after;
    this._after = null;
    if (this._nextMix) this._changeMix();
    after();
  }

  // Sounds by another preset: at once, or where a fade hides it.
  _takeMix(mix) {
    this._nextMix = mix;
    if (this._sequencer.isPlaying) this._after ??= () => {};
    else if (!this._after) this._changeMix();
  }

  _changeMix() {
    this._master.change(this._nextMix);
    this._nextMix = null;
    this._told();
  }

  _playLoop({ notes, key, when, qpm }) {
    const bank = 1 - (this._sequencer.loop?.bank ?? 1); // not that of what sounds
    const loop = loopOf(notes, bank), speed = qpm || loop.qpm;
    this._setUp(loop);
    const numParts = new Set(loop.events.map((event) => event.part)).size;
    const turn = { key, seconds: (loop.beats * 60) / speed, numParts };
    if (this._sequencer.isPlaying && when !== "now" && !this._after) {
      this._next = turn;
      this._sequencer.exchange(loop, when === "bar", this.frame, speed);
      if (when !== "bar") this._begun(false, true);
      return;
    }
    const begin = () => {
      this._next = turn;
      this._sequencer.start(loop, this.frame, speed);
      this._begun(true);
    };
    if (this._sequencer.isPlaying || this._after) this._fadeOut(begin);
    else begin();
  }

  // Tells the master and the page that a loop has begun: after silence, or as an edit of the last.
  _begun(isSilent, isEdit = false) {
    this._master.expect(this._next, isSilent, isEdit);
    this._told();
  }

  _told() {
    this._tell({ kind: "state", position: this.position });
  }

  // Lets all that sounds fade, forgets it, then does something.
  _fadeOut(after) {
    for (const event of this._sequencer.stop(this.frame)) this._tell(event);
    this._after = () => {
      this._synth.stopAllChannels(true);
      this._master.clear();
      this._fade = 1;
      after();
    };
  }

  // Chooses programs, and lets the synthesiser read what will be played before it is.
  _setUp(loop) {
    for (const [channel, program] of loop.programs) {
      this._program(channel, program);
      this._program(handOf(STRIPS[stripNumber(channel)]).channel, program);
    }
    const wanted = new Map(loop.events.map((event) => [event.channel * 128 + event.pitch, event]));
    for (const { channel, pitch, velocity } of wanted.values())
      this._synth.synthCore.getVoices(channel, pitch, velocity);
  }

  _program(channel, program) {
    if (this._programs.get(channel) === program) return;
    this._programs.set(channel, program);
    this._synth.programChange(channel, program);
  }
}

// What messages ask for.
const ACTS = {
  load: (player, { bytes, name }) => player.load(bytes, name),
  play: (player, message) => player._playLoop(message),
  stop: (player) => {
    player._fadeOut(() => player._told());
  },
  qpm: (player, { qpm }) => {
    player._sequencer.setQpm(qpm, player.frame);
    player._told();
  },
  mix: (player, { mix }) => player._takeMix(mix),
  level: (player, { part, db }) => (player._faders.levels[part] = db),
  mute: (player, { part, on }) => player._faders.muted[on ? "add" : "delete"](part),
  solo: (player, { part, on }) => player._faders.soloed[on ? "add" : "delete"](part),
  metronome: (player, { on }) => (player._sequencer.metronome = on),
  on: (player, { part, pitch, velocity, program }) => {
    const { channel } = handOf(part);
    if (program !== null) player._program(channel, program);
    player._hand.push({ at: player.frame, kind: "on", channel, pitch, velocity, part });
  },
  off: (player, { part, pitch }) => {
    player._hand.push({ at: player.frame, kind: "off", channel: handOf(part).channel, pitch });
  },
};
