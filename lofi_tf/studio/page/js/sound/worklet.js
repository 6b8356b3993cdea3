// The audio worklet: gives the player its messages and the page its notes.

import { Player } from "./player.js";

class StudioProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this._told = [];
    this._player = new Player(sampleRate, (what) => this._told.push(what));
    this.port.onmessage = ({ data }) => this._take(data);
  }

  _take(message) {
    try {
      this._player.frame = currentFrame;
      this._player.take(message);
      if (message.id) this.port.postMessage({ kind: "done", id: message.id });
    } catch (error) {
      this.port.postMessage({ kind: "done", id: message.id, error: String(error.message || error) });
    }
    this._send();
  }

  process(_, [[left, right]]) {
    this._player.process(left, right, currentFrame);
    this._send();
    return true;
  }

  _send() {
    if (this._told.length) this.port.postMessage({ kind: "told", told: this._told.splice(0) });
  }
}

registerProcessor("lofi-studio", StudioProcessor);
