// WebMIDI: pads and keyboards that play, synthesisers that are played. Without it, nothing happens.

import { STRIPS, stripNumber, trackNumber } from "./strips.js";

const NOTE_OFF = 0x80, NOTE_ON = 0x90, CONTROL = 0xb0, PROGRAM = 0xc0;
const NOTES_OFF = 123;
const DRUMS = 9; // General MIDI's channel of drums, from 0

export class Midi {
  // `onNote` is called with {pitch, velocity, isDrum, milliseconds}; a velocity of 0 lets it go.
  constructor(onNote, onChange) {
    this._onNote = onNote;
    this._onChange = onChange;
    this._access = null;
    this._output = null;
    this._programs = [];
  }

  // Asks for access; says whether there is any.
  async open() {
    if (this._access) return true;
    if (!globalThis.navigator?.requestMIDIAccess) return false;
    try {
      this._access = await navigator.requestMIDIAccess();
    } catch {
      return false;
    }
    this._access.onstatechange = () => this._listen();
    this._listen();
    return true;
  }

  get inputs() {
    return this._access ? portsOf(this._access.inputs) : [];
  }

  get outputs() {
    return this._access ? portsOf(this._access.outputs) : [];
  }

  // Sends notes to an output from now on; to none by null.
  sendTo(id) {
    this._allOff();
    this._output = (id !== null && this._access?.outputs.get(id)) || null;
    this.setPrograms(this._programs);
    return this._output !== null || id === null;
  }

  // Plays or lets go a note at a time of performance.now().
  send({ kind, channel, pitch, velocity }, milliseconds) {
    if (!this._output) return;
    const place = midiChannel(channel);
    const data = kind === "note" ? [NOTE_ON + place, pitch, velocity] : [NOTE_OFF + place, pitch, 64];
    this._output.send(data, Math.max(milliseconds, performance.now()));
  }

  // Takes the programs of what plays, [[channel, program], ...], and tells the output of them.
  setPrograms(programs) {
    this._programs = programs;
    for (const [channel, program] of this._output ? programs : [])
      if (stripNumber(channel)) this._output.send([PROGRAM + midiChannel(channel), program]);
  }

  _allOff() {
    for (let channel = 0; this._output && channel < 16; channel++)
      this._output.send([CONTROL + channel, NOTES_OFF, 0]);
  }

  _listen() {
    for (const input of this._access.inputs.values())
      input.onmidimessage = ({ data, timeStamp }) => this._heard(data, timeStamp);
    if (this._output && this._output.state === "disconnected") this._output = null;
    this._onChange();
  }

  _heard([status, pitch, velocity], milliseconds) {
    const kind = status & 0xf0, isDrum = (status & 0xf) === DRUMS;
    if (kind === NOTE_ON) this._onNote({ pitch, velocity, isDrum, milliseconds });
    else if (kind === NOTE_OFF) this._onNote({ pitch, velocity: 0, isDrum, milliseconds });
  }
}

// The MIDI channel of a player's: drums have General MIDI's, others one of the rest.
export function midiChannel(channel) {
  if (stripNumber(channel) === 0) return DRUMS;
  const pitched = STRIPS.length - 1;
  const place = (stripNumber(channel) - 1 + pitched * trackNumber(channel)) % 15;
  return place >= DRUMS ? place + 1 : place;
}

function portsOf(map) {
  return [...map.values()].map(({ id, name, state }) => ({ id, name, state }));
}
