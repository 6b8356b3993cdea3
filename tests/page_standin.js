"use strict";
// Runs scripts with a stand-in for the browser, then steps by step; prints what was played.
// Arguments: a JSON file of {scripts: [paths], data: {id: text}, steps: [[id, event, fields]]}.
const fs = require("fs"), vm = require("vm");
const asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const played = [], elements = {}, frames = [], timers = [];
let seconds = 0;

// Answers every call and every field with itself: a pen, a sound source.
const any = () => new Proxy(function () {}, {
  get: (_, name) => (name === Symbol.toPrimitive ? () => 0 : any()),
  set: () => true,
  apply: () => any(),
});

class Element {
  constructor(id) {
    Object.assign(this, { id, value: "", textContent: asked.data[id] || "", style: {}, hidden: false });
    Object.assign(this, { clientWidth: 500, clientHeight: 400, listeners: {}, children: [], paused: true });
    Object.assign(this, { currentTime: 0, checked: id === "loop" });
  }
  append(...more) { this.children.push(...more); }
  prepend(...more) { this.children.unshift(...more); }
  replaceChildren(...more) { this.children = more; }
  add(option) { if (!this.children.length) this.value = option.value; this.append(option); }
  addEventListener(name, listener) { (this.listeners[name] = this.listeners[name] || []).push(listener); }
  getContext() { return any(); }
  play() { this.paused = false; }
  pause() { this.paused = true; }
  click() { this.fire("click", {}); }
  fire(name, fields) {
    const event = { target: this, preventDefault() {}, ...fields };
    for (const listener of this.listeners[name] || []) listener(event);
  }
}

const byId = (id) => (elements[id] = elements[id] || new Element(id));
const radios = ["points", "walk", "mix"].map((mode) => Object.assign(byId("mode-" + mode), { value: mode }));
const document = Object.assign(byId("document"), {
  getElementById: byId,
  createElement: (kind) => new Element(kind),
  querySelectorAll: (which) => (which === "audio" ? (asked.data.piece ? [byId("sound")] : []) : radios),
  body: byId("body"),
  hidden: false,
});
class AudioContext {
  get currentTime() { return seconds; }
  get sampleRate() { return 8000; }
  get destination() { return any(); }
  resume() {}
  createBuffer(channels, size) { return { getChannelData: () => new Float32Array(size) }; }
}
for (const kind of ["Gain", "Oscillator", "BufferSource", "BiquadFilter", "DynamicsCompressor"])
  AudioContext.prototype["create" + kind] = any;

const world = {
  document, AudioContext, console,
  window: Object.assign(byId("window"), { AudioContext, devicePixelRatio: 2, matchMedia: () => byId("scheme") }),
  Option: function (text, value) { return { text, value: String(value) }; },
  getComputedStyle: () => ({ color: "black" }),
  requestAnimationFrame: (frame) => frames.push(frame),
  setInterval: (tick) => timers.push(tick),
  clearInterval: () => { timers.length = 0; },
  setTimeout: () => {},
};
vm.createContext(world);
for (const path of asked.scripts) vm.runInContext(fs.readFileSync(path, "utf8"), world, { filename: path });
if (asked.scripts.some((path) => path.endsWith("synth.js")))
  vm.runInContext("const real = synthOf; synthOf = (context) => { const synth = real(context); return " +
    "{ stop: synth.stop, play(note, when, held) { told(note, when); synth.play(note, when, held); } }; };",
    Object.assign(world, { told: (note, when) => played.push([note.kind, note.pitch, note.velocity, when]) }));
const answers = asked.steps.map(([id, event, fields]) => {
  if (event === "wait") {
    for (const end = seconds + fields; seconds < end; seconds += 0.05) {
      [...timers].forEach((tick) => tick());
      frames.splice(0).forEach((frame) => frame());
    }
  } else if (event === "set") Object.assign(byId(id), fields);
  else byId(id).fire(event, { ...fields, ...(id === "document" ? { target: document.body } : {}) });
  return {
    played: played.splice(0), told: byId("told").textContent, step: byId("step").value,
    at: byId("sound").currentTime, paused: byId("sound").paused, play: byId("play").textContent,
    near: byId("near").children.length,
  };
});
console.log(JSON.stringify(answers));
