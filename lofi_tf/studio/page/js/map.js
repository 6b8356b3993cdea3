// The map: what a model knows, as a landscape to hear, to walk through and to mix.
import { trying } from "./actions.js";
import { drawMap } from "./map/draw.js";
import { mapParts, MODES, showLegend, showSliders } from "./map/parts.js";
import { alongWay, nearest, placedPoints, scaleOf, sharesAt, towards, withShare } from "./map/plane.js";
import { hearing } from "./map/sound.js";
import { onTheme } from "./roll/theme.js";

const REACH = 28; // pixels from a dot that still mean it
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FIRST = "groove_4bar";
const MADE = { generate: "Beats", chords: "Chords", bass: "Bass", melody: "Melody" };

/** "Beats · groove_4bar": what a model makes, and its name. */
function titleOf({ name, tools }) {
  const made = tools.map((tool) => MADE[tool]).find(Boolean);
  return made ? `${made} · ${name}` : name;
}

/** Shows the map; returns {destroy()}. */
export function mountMap(element, context) {
  const room = new Landscape(element, context);
  return { destroy: () => room.destroy() };
}

class Landscape {
  constructor(element, { store, api, engine }) {
    Object.assign(this, { store, api, engine, turn: 0, isHeld: false, isHeard: false });
    this.state = { points: [], scale: scaleOf([]), current: null, pins: [], shares: [], mode: MODES[0], hasFocus: false };
    this.sound = hearing(engine, { trying, tempo: () => store.state.session.qpm });
    this.parts = mapParts({
      model: (name) => this.load(name),
      mode: (name) => this.setMode(name),
      share: (index, value) => this.mix(withShare(this.state.shares, index, value)),
      keep: () => this.keep(),
      clear: () => this.setMode(this.state.mode.name),
    });
    element.append(this.parts.element);
    this.listen();
    const sizes = new ResizeObserver(() => this.show());
    sizes.observe(this.parts.canvas);
    this.endings = [() => sizes.disconnect(), onTheme(() => this.show()), engine.on("state", () => this.heard())];
    this.setMode("listen");
    trying(() => this.begin());
  }

  /** Begins with the model that made the clip in focus. */
  async begin() {
    const models = (await this.api.models()).filter((model) => model.tools.includes("map"));
    this.parts.model.replaceChildren(...models.map((model) => new Option(titleOf(model), model.name)));
    const named = (name) => models.find((model) => model.name === name);
    const first = named(this.store.focused()?.model) ?? named(FIRST) ?? models[0];
    if (first) await this.load(first.name);
  }

  async load(name) {
    const mine = ++this.turn;
    this.parts.model.value = this.name = name;
    this.tell("Drawing the map…");
    this.parts.canvas.setAttribute("aria-busy", "true");
    const map = await trying(() => this.api.map(name));
    if (mine !== this.turn) return;
    this.parts.canvas.setAttribute("aria-busy", "false");
    if (!map) return this.tell("There is no map of this model.");
    const points = placedPoints(map.points);
    Object.assign(this.state, { points, scale: scaleOf(points), current: null });
    this.measure = map.measure;
    showLegend(this.parts, map);
    return this.setMode(this.state.mode.name);
  }

  setMode(name) {
    this.state = { ...this.state, mode: MODES.find((mode) => mode.name === name), pins: [], shares: [] };
    this.tell(this.state.mode.words);
    this.show();
  }

  show() {
    const { state, parts } = this;
    for (const button of parts.modes) button.setAttribute("aria-pressed", button.dataset.mode === state.mode.name);
    parts.clear.hidden = !state.mode.pins;
    parts.clear.disabled = !state.pins.length;
    parts.keep.disabled = !this.place;
    showSliders(parts, state.shares);
    drawMap(parts.canvas, state);
  }

  tell(text) {
    this.parts.told.textContent = text;
  }

  get size() {
    return [this.parts.canvas.clientWidth, this.parts.canvas.clientHeight];
  }

  /** What sounds or would: {key, name, ask}, or null. */
  get place() {
    const { current, pins, shares, mode } = this.state;
    if (mode.pins && shares.length === mode.pins) {
      const ids = pins.map((pin) => pin.id), weights = shares.map((share) => Math.round(share * 100) / 100);
      const name = `${mode.title} ${weights.map((weight, n) => `${Math.round(weight * 100)}${"ABC"[n]}`).join(" ")}`;
      return { key: `${this.name} ${ids} ${weights}`, name, ask: () => this.api.mapMix(this.name, ids, weights) };
    }
    if (!current) return null;
    return { key: `${this.name} ${current.id}`, name: `Point ${this.numberOf(current)}`, ask: () => this.api.mapNotes(this.name, current.id) };
  }

  numberOf = (point) => this.state.points.indexOf(point) + 1;

  hear() {
    if (!this.place) return;
    this.store.update({ playing: null, loop: "Map" });
    this.sound.hear(this.place.key, this.place.ask);
  }

  /** Stopped elsewhere, or a clip plays: the same point may be heard again. */
  heard() {
    const { loop, playing } = this.store.state, isOn = this.engine.isPlaying && !playing;
    const isOver = loop === "Map" && !isOn && (this.isHeard || playing); // not while the engine begins
    this.isHeard = isOn;
    if (!isOver) return;
    this.sound.end();
    this.store.update({ loop: null });
  }

  goTo(point) {
    if (!point || point === this.state.current) return;
    this.state.current = point;
    const value = point.value === null ? "" : `, ${this.measure}: ${Math.round(point.value * 10) / 10}`;
    this.tell(`Point ${this.numberOf(point)} of ${this.state.points.length}${value}`);
    this.show();
    if (this.state.shares.length === 0) this.hear();
  }

  /** A click or Enter on a point: keeps it, or pins it. */
  choose(point) {
    const { mode, pins } = this.state;
    if (!mode.pins) return this.keep();
    if (pins.length === mode.pins || pins.includes(point)) return null;
    this.state.pins = [...pins, point];
    const left = mode.pins - this.state.pins.length;
    this.tell(left ? `${"ABC"[pins.length]} is set, ${left} more` : "Move between them: drag the handle, or use the sliders.");
    if (!left) this.mix(Array(mode.pins).fill(1 / mode.pins));
    this.show();
    return null;
  }

  mix(shares) {
    this.state.shares = shares;
    this.show();
    this.hear();
  }

  mixAt(at) {
    const corners = this.state.pins.map((pin) => pin.at);
    if (corners.length === 3) return this.mix(sharesAt(at, corners));
    const share = alongWay(at, ...corners, this.size);
    return this.mix([1 - share, share]);
  }

  async keep() {
    const { place } = this;
    if (!place) return;
    const notes = await trying(() => this.sound.notes(place.key, place.ask));
    const inTempo = notes && { ...notes, qpm: this.store.state.session.qpm };
    const made = notes && (await trying(() => this.api.addNotes(place.name, inTempo)));
    if (made) this.tell(`${made[0].name} is kept as a clip`);
  }

  listen() {
    const { canvas } = this.parts;
    const placed = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    canvas.addEventListener("pointermove", (event) => this.moved(placed(event)));
    canvas.addEventListener("pointerdown", (event) => this.pressed(placed(event), event));
    canvas.addEventListener("pointerup", () => (this.isHeld = false));
    canvas.addEventListener("pointercancel", () => (this.isHeld = false));
    canvas.addEventListener("keydown", (event) => this.typed(event));
    for (const name of ["focus", "blur"])
      canvas.addEventListener(name, () => {
        this.state.hasFocus = canvas.matches(":focus-visible");
        this.show();
      });
  }

  moved(at) {
    if (this.isHeld) return this.mixAt(at);
    return this.goTo(nearest(this.state.points, at, this.size, REACH));
  }

  pressed(at, event) {
    const { shares, mode } = this.state;
    if (mode.pins && shares.length === mode.pins) {
      this.isHeld = true;
      this.parts.canvas.setPointerCapture(event.pointerId);
      return this.mixAt(at);
    }
    const point = nearest(this.state.points, at, this.size, REACH), wasHeard = point === this.state.current;
    this.goTo(point);
    const isFirstTouch = event.pointerType === "touch" && !wasHeard && !mode.pins;
    return point && !isFirstTouch ? this.choose(point) : null;
  }

  typed(event) {
    const step = STEP[event.key], { points, current } = this.state;
    if (!points.length || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!step && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (step) this.goTo(current ? towards(points, current, step, this.size) : nearest(points, [0.5, 0.5], this.size));
    else if (this.place && this.state.shares.length) this.keep();
    else if (current) this.choose(current);
  }

  destroy() {
    this.turn++;
    this.sound.end();
    for (const end of this.endings) end();
    if (this.store.state.loop !== "Map") return;
    this.engine.stop();
    this.store.update({ loop: null });
  }
}
