// The sound of the page: loops and recordings, notes by hand, keys and MIDI. See docs/studio_sound.md.

import { Heard, beatOf, placeOf } from "./heard.js";
import { Keys } from "./keys.js";
import { Listeners } from "./listeners.js";
import { Midi } from "./midi.js";
import { Recordings } from "./recordings.js";
import { handOf } from "./strips.js";

const FONTS = "/api/soundfont/"; // and a kind and program
const FIRST = ["drums/0"]; // what is there from the start
const MIX = "/api/mix?preset=";
const DEFAULT_PRESET = "tape";
const UNSAFE = "browsers allow this sound over https or at this machine's own address, http://127.0.0.1";
const SAMPLE_RATE = 44100; // Hz, that of renders: their recordings loop by their own samples
const SOON = 4; // ms: what is heard before that is told at once

class Engine {
  constructor() {
    this._listeners = new Listeners("note", "state", "input");
    const onNote = (note) => this._playedOn(note, note.isDrum ? "drums" : this.inputPart);
    this._midi = new Midi(onNote, () => this._changed());
    this._keys = new Keys((note) => this._playedOn(note, note.part));
    this._position = null;
    this._waiting = new Map();
    this._asked = 0;
    this._turn = 0; // of what is to be played: what was asked for before it is not
    this._qpm = null;
    this._preset = DEFAULT_PRESET;
    this._loaded = new Map(); // what has been fetched, by address
    this.inputPart = "drums"; // what pads and keyboards play that do not say drums
  }

  // Fetches what sound needs, so that the first press is heard sooner; needs no gesture.
  prepare() {
    return Promise.all([...FIRST.map((name) => this._fetched(FONTS + name, "arrayBuffer")), this._fetched(MIX + encodeURIComponent(this._preset), "json")]);
  }

  // Opens the sound: on the first gesture, for browsers allow none before.
  start() {
    this._starting ??= this._start().catch((error) => {
      this._starting = undefined;
      this._context?.close();
      this._context = undefined;
      throw error;
    });
    if (this._context?.state === "suspended") this._context.resume();
    return this._starting;
  }

  // Whether the sound is open.
  get isStarted() {
    return this._node !== undefined;
  }

  get isPlaying() {
    return this._position !== null || Boolean(this._recordings?.isPlaying);
  }

  // Plays notes in a loop: at once from their beginning ("now"), from the next bar line on ("bar"),
  // or at once from the place where the loop is ("keep"), which suits an edit of what plays.
  async play(loop, { when = "now", key = null } = {}) {
    const turn = ++this._turn;
    await this.start();
    if (turn !== this._turn) return;
    this._recordings.stop();
    const notes = { ...loop, tracks: loop.tracks || [] };
    await this._haveFonts(notes.tracks.map((track) => fontOf(track.is_drum, track.program || 0)));
    if (turn !== this._turn) return;
    this._post({ do: "play", notes, when, qpm: this._qpm, key: key ?? keyOf(notes) });
  }

  // Plays a recording's bytes (WAV and what else the browser decodes) in place of notes.
  async playSound(bytes, { loop = true } = {}) {
    const turn = ++this._turn;
    await this.start();
    const recording = await this._recordings.open(bytes);
    if (turn !== this._turn) return;
    this._post({ do: "stop" });
    this._recordings.play(recording, loop);
    this._changed();
  }

  // Ends what plays, softly.
  stop() {
    this._turn += 1;
    if (!this.isStarted) return;
    this._recordings.stop();
    this._post({ do: "stop" });
    this._changed();
  }

  // The song's tempo; null plays each loop in its own.
  setQpm(qpm) {
    this._qpm = qpm;
    if (qpm && this.isStarted) this._post({ do: "qpm", qpm });
  }

  // Sounds as a preset of lofi_render does.
  async setPreset(name) {
    this._preset = name;
    if (!this._starting) return;
    const [mix] = await Promise.all([this._fetched(MIX + encodeURIComponent(name), "json"), this.start()]);
    if (name === this._preset) this._post({ do: "mix", mix });
  }

  // Where in the loop what is heard now is, in beats; of a recording, in seconds.
  position() {
    if (!this.isStarted) return 0;
    const seconds = this._heard.secondsAt(performance.now());
    if (!this._position) return this._recordings.place(seconds);
    return placeOf(this._position, this._beatAt(seconds));
  }

  setLevel(part, db) {
    if (part === "sound") this._soundLevel(db);
    else this._setting({ do: "level", part, db });
  }

  mute(part, on) {
    this._setting({ do: "mute", part, on });
  }

  solo(part, on) {
    this._setting({ do: "solo", part, on });
  }

  metronome(on) {
    this._setting({ do: "metronome", on });
  }

  // Plays a note by hand, until `noteOff`; without a program in that of the part's last loop.
  async noteOn(pitch, velocity = 95, part = "drums", program = null) {
    await this.start();
    await this._haveFonts([fontOf(part === "drums", program ?? handOf(part).program)]);
    this._post({ do: "on", pitch, velocity, part, program });
  }

  noteOff(pitch, part = "drums") {
    if (this.isStarted) this._post({ do: "off", pitch, part });
  }

  // Lets the computer's keys play a part ("drums" are pads), or nothing by null.
  keysPlay(part) {
    this._unlisten ??= this._keys.listen(window);
    this._keys.setPart(part);
  }

  // Asks for MIDI devices: {inputs, outputs} of {id, name, state}; null where there is no WebMIDI.
  async connectMidi() {
    return (await this._midi.open()) ? { inputs: this._midi.inputs, outputs: this._midi.outputs } : null;
  }

  // Synthesisers that can be played, [{id, name, state}]: none before `connectMidi`.
  midiOutputs() {
    return this._midi.outputs;
  }

  // Plays a synthesiser too, in time; null ends that.
  sendTo(id) {
    return this._midi.sendTo(id);
  }

  // Calls a function: "note" {part, pitch, velocity, time, beats} when it is heard, "state"
  // {isPlaying, qpm, beats}, "input" {part, pitch, velocity, time_beats} of pads and keys.
  on(name, listener) {
    return this._listeners.on(name, listener);
  }

  async _start() {
    const context = new AudioContext({ latencyHint: "interactive", sampleRate: SAMPLE_RATE });
    if (!context.audioWorklet) throw new Error(UNSAFE);
    this._context = context;
    const resumed = context.resume();
    const [fetched] = await Promise.all([
      this.prepare(),
      context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url)),
      resumed,
    ]);
    const node = new AudioWorkletNode(context, "lofi-studio", { numberOfInputs: 0, outputChannelCount: [2] });
    node.port.onmessage = ({ data }) => this._told(data);
    node.connect(context.destination);
    this._heard = new Heard(context);
    this._recordings = new Recordings(context, () => this._changed());
    this._fonts = new Map();
    await this._haveFonts(FIRST, node);
    this._node = node;
    this._post({ do: "mix", mix: fetched.at(-1) });
    this._recordings.level.gain.value = this._soundGain;
    for (const message of this._early.splice(0)) this._post(message);
    context.onstatechange = () => this._changed();
  }

  // Sees to it that the synthesiser has instruments, each fetched once.
  _haveFonts(names, node = this._node) {
    const load = async (name) => {
      const bytes = (await this._fetched(FONTS + name, "arrayBuffer")).slice(0);
      this._loaded.delete(FONTS + name); // the synthesiser has it then
      await this._ask(node, { do: "load", bytes, name }, [bytes]);
    };
    return Promise.all(
      names.map((name) => {
        if (!this._fonts.has(name)) {
          const loading = load(name);
          loading.catch(() => this._fonts.delete(name));
          this._fonts.set(name, loading);
        }
        return this._fonts.get(name);
      }),
    );
  }

  _early = []; // settings made before the start
  _soundGain = 1;

  _setting(message) {
    if (this.isStarted) this._post(message);
    else this._early.push(message);
  }

  _soundLevel(db) {
    this._soundGain = 10 ** (db / 20);
    const gain = this._recordings?.level.gain;
    gain?.setTargetAtTime(this._soundGain, this._context.currentTime, 0.005);
  }

  _post(message) {
    this._node.port.postMessage(message);
  }

  // Posts a message that is answered.
  _ask(node, message, transfer) {
    const id = ++this._asked;
    return new Promise((resolve, reject) => {
      this._waiting.set(id, { resolve, reject });
      node.port.postMessage({ ...message, id }, transfer);
    });
  }

  _told({ kind, id, error, told }) {
    if (kind === "told") {
      for (const event of told) this._happened(event);
      return;
    }
    const waiting = this._waiting.get(id);
    this._waiting.delete(id);
    if (error && waiting) waiting.reject(new Error(error));
    else if (error) console.error(error);
    else waiting?.resolve();
  }

  _happened(event) {
    if (event.kind === "state") {
      this._position = event.position;
      if (event.position) this._midi.setPrograms(event.position.programs);
      this._changed();
      return;
    }
    const late = this._position?.latency ?? 0;
    const seconds = (event.at + late) / this._context.sampleRate;
    const milliseconds = this._heard.millisecondsOf(seconds);
    this._midi.send(event, milliseconds);
    if (event.kind !== "note") return;
    const { part, pitch, velocity } = event;
    const beats = this._position && event.beat !== undefined ? placeOf(this._position, event.beat) : null;
    const tell = () => this._listeners.tell("note", { part, pitch, velocity, time: seconds, beats });
    const wait = milliseconds - performance.now();
    if (wait < SOON) tell();
    else setTimeout(tell, wait);
  }

  _playedOn({ pitch, velocity, milliseconds }, part) {
    if (!velocity) {
      this.noteOff(pitch, part);
      return;
    }
    this.noteOn(pitch, velocity, part).catch(() => {}); // who starts the sound is told why it fails
    const beats = this._position && this._beatAt(this._heard.secondsAt(milliseconds)) - this._position.base;
    this._listeners.tell("input", { part, pitch, velocity, time_beats: beats });
  }

  _beatAt(seconds) {
    return beatOf(this._position, seconds * this._context.sampleRate);
  }

  _changed() {
    const { beats = 0, samplesPerBeat } = this._position || {};
    const qpm = samplesPerBeat ? (60 * this._context.sampleRate) / samplesPerBeat : this._qpm;
    this._listeners.tell("state", { isPlaying: this.isPlaying, qpm, beats });
  }

  async _fetched(address, kind) {
    if (!this._loaded.has(address)) {
      const fetching = fetch(address).then((answer) => {
        if (!answer.ok) throw new Error(`the sound could not be opened: ${address} answers ${answer.status}`);
        return answer[kind]();
      });
      fetching.catch(() => this._loaded.delete(address));
      this._loaded.set(address, fetching);
    }
    return this._loaded.get(address);
  }
}

// The name of an instrument, or of a kit of drums.
function fontOf(isDrum, program) {
  return `${isDrum ? "drums" : "notes"}/${program}`;
}

// A short name of notes, by which their loudness is known when they are played again.
function keyOf(notes) {
  let hash = 5381;
  for (const letter of JSON.stringify(notes.tracks)) hash = ((hash * 33) ^ letter.charCodeAt(0)) | 0;
  return `${notes.beats} ${hash}`;
}

export const engine = new Engine();
