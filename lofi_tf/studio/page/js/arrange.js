// The arrangement: clips on lanes, played as one loop, kept as one clip; what is not locked is drawn anew.
import { say, trying } from "./actions.js";
import { drawnAnew, requestsOf } from "./arrange/anew.js";
import * as lanes from "./arrange/lanes.js";
import { lanesView } from "./arrange/view.js";
import { el } from "./dom.js";
import { notesOf, player } from "./player.js";
import { onTheme } from "./roll/theme.js";

const BEATS_PER_BAR = 4;
const EMPTY_WORDS = "Drag clips from the tray onto the lanes, or choose a clip and press a lane's +.";

/** Shows the session's arrangement; returns {destroy()}. */
export function mountArrange(element, context) {
  const room = new Arrangement(element, context);
  return { destroy: () => room.destroy() };
}

class Arrangement {
  constructor(element, { store, api, engine }) {
    Object.assign(this, { store, api, engine, chosen: null, isMine: false, isHeard: false, frame: 0 });
    this.view = lanesView({
      lock: (lane) => this.lock(lane),
      add: (lane) => this.add(lane),
      drop: (lane, bar, what) => this.drop(lane, bar, what),
      choose: (lane, bar) => this.choose({ lane, bar }),
      typed: (event, lane, bar) => this.typed(event, lane, bar),
    });
    this.build(element);
    const follow = (_, changed) => {
      if (changed.has("playing")) this.heard();
      if (changed.has("session") || changed.has("selection")) this.show();
    };
    this.endings = [store.subscribe(follow), onTheme(() => this.show()), engine.on("state", () => this.heard())];
    this.show();
  }

  build(element) {
    const button = (kind, text, hint, onclick) => el(kind, { type: "button", onclick, data: { hint } }, text);
    this.playButton = button("button.button.main", "Play", "Plays all lanes as one loop", () => this.toggle());
    this.anewButton = button("button.button", "Draw the rest anew", "New music for all lanes that are not locked", () => this.drawAnew());
    this.keepButton = button("button.button", "Keep as one clip", "Makes one clip of all lanes: it can be saved as MIDI, as WAV and in stems", () => this.keep());
    this.clearButton = button("button.button.bare", "Clear", "Takes all clips off the lanes; undo brings them back", () => this.set({ lanes: lanes.EMPTY }));
    const act = (text, hint, f) => button("button.button.small", text, hint, () => f(this.chosen));
    this.blockButtons = el("div.arrange-block", { role: "group", "aria-label": "The clip chosen on a lane" },
      act("← Bar", "A bar earlier", (at) => this.move(at, -1)), act("Bar →", "A bar later", (at) => this.move(at, 1)),
      act("Repeat", "Puts it once more behind itself", (at) => this.repeat(at)), act("Take off", "Takes it off the lane; the clip stays in the tray", (at) => this.remove(at)),
      act("Show the clip", "Opens it to see and edit its notes", (at) => this.store.select(this.idAt(at), { show: true })));
    this.told = el("p.arrange-told.dim");
    const top = el("div.arrange-top", {}, this.playButton, this.anewButton, this.keepButton, this.clearButton);
    this.root = el("div.arrange", {}, top, this.view.element, el("div.arrange-foot", {}, this.told, this.blockButtons));
    element.append(this.root);
  }

  clip = (id) => this.store.clip(id);
  bars = (id) => Math.max(1, this.clip(id)?.bars ?? 1);

  /** The arrangement as the session has it, without clips that were deleted. */
  get now() {
    const { lanes: placed, locked } = this.store.state.session.arrangement;
    const ids = new Set(this.store.clips().map((clip) => clip.id));
    return { lanes: lanes.known({ ...lanes.EMPTY, ...placed }, ids), locked };
  }

  idAt = ({ lane, bar }) => this.now.lanes[lane].find(([start]) => start === bar)?.[1];

  show() {
    const { lanes: placed, locked } = this.now, end = lanes.endOf(placed, this.bars);
    if (this.chosen && !this.idAt(this.chosen)) this.chosen = null;
    const focused = this.store.focused();
    this.view.show({
      lanes: placed, locked, end, chosen: this.chosen, clip: this.clip, bars: this.bars,
      sections: lanes.sectionsOf(placed, this.clip, BEATS_PER_BAR),
      focusedName: (lane) => (focused?.kind === "notes" && [lane, "song"].includes(focused.part) ? focused.name : null),
    });
    for (const button of [this.playButton, this.keepButton, this.clearButton]) button.disabled = !end;
    this.anewButton.disabled = this.isBusy || !requestsOf(placed, locked, this.clip).length;
    this.told.textContent = end ? `${end} bars` : EMPTY_WORDS;
    this.blockButtons.hidden = !this.chosen;
    this.playButton.textContent = this.isMine ? "Stop" : "Play";
  }

  /** Keeps what is new; what plays goes on with it. */
  async set(change) {
    const arrangement = { ...this.now, ...change };
    await trying(() => this.api.patchSession({ arrangement }));
    if (this.isMine) await this.play("keep");
  }

  lock(lane) {
    const { locked } = this.now;
    return this.set({ locked: locked.includes(lane) ? locked.filter((other) => other !== lane) : [...locked, lane] });
  }

  /** Puts the clip in focus at the end of a lane, a whole track at the end of all. */
  async add(lane) {
    const clip = this.store.focused(), on = clip.part === "song" ? lanes.LANES : [lane];
    await this.place(clip, lane, lanes.endOf(this.now.lanes, this.bars, on));
  }

  async place(clip, lane, bar) {
    const notes = await trying(() => notesOf(clip));
    const on = notes ? lanes.lanesFor(clip, notes) : [];
    if (!on.length) return say("This clip has no notes for a lane");
    this.chosen = { lane: on.includes(lane) ? lane : on[0], bar };
    await this.set({ lanes: lanes.placed(this.now.lanes, on, bar, clip.id, this.bars) });
    say(`${clip.name} lies at bar ${bar + 1}`);
  }

  drop(lane, bar, what) {
    if (what.id) return this.clip(what.id) && this.place(this.clip(what.id), lane, bar);
    return this.move(what, bar - what.bar);
  }

  choose(place) {
    this.chosen = place;
    this.show();
  }

  move({ lane, bar }, by) {
    const to = Math.max(0, bar + by);
    if (to === bar) return null;
    this.chosen = { lane, bar: to };
    return this.set({ lanes: lanes.shifted(this.now.lanes, lane, bar, to, this.bars) });
  }

  repeat({ lane, bar }) {
    const id = this.idAt({ lane, bar }), to = bar + this.bars(id);
    this.chosen = { lane, bar: to };
    return this.set({ lanes: lanes.placed(this.now.lanes, [lane], to, id, this.bars) });
  }

  remove({ lane, bar }) {
    this.chosen = null;
    return this.set({ lanes: lanes.lifted(this.now.lanes, lane, bar) });
  }

  typed(event, lane, bar) {
    const place = { lane, bar };
    const acts = { ArrowLeft: () => this.move(place, -1), ArrowRight: () => this.move(place, 1), d: () => this.repeat(place), Delete: () => this.remove(place), Backspace: () => this.remove(place) };
    if (!acts[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }

  /** All lanes as one. */
  async merged() {
    const placed = this.now.lanes, ids = new Set(lanes.LANES.flatMap((lane) => placed[lane].map(([, id]) => id)));
    const found = new Map(await Promise.all([...ids].map(async (id) => [id, await notesOf(this.clip(id))])));
    return lanes.merged(placed, { notesOf: (id) => found.get(id), bars: this.bars, qpm: this.store.state.session.qpm, beatsPerBar: BEATS_PER_BAR });
  }

  async play(when) {
    const loop = await trying(() => this.merged());
    if (!loop) return;
    if (this.store.state.playing) player.stop();
    this.isMine = true;
    this.isMine = Boolean(await trying(async () => (await this.engine.play(loop, { when }), true)));
    if (!this.isMine) return;
    this.store.update({ loop: "Arrangement" });
    this.show();
    cancelAnimationFrame(this.frame);
    this.step();
  }

  toggle() {
    return this.isMine ? this.engine.stop() : this.play("now");
  }

  /** What else begins to play ends the arrangement. */
  heard() {
    const { playing } = this.store.state, isOn = this.engine.isPlaying && !playing;
    const isOver = this.isMine && !isOn && (this.isHeard || playing); // not while the engine begins
    this.isHeard = isOn;
    if (!isOver) return;
    this.isMine = false;
    this.store.update({ loop: null });
    this.show();
  }

  step() {
    const isOn = this.isMine && !this.store.state.playing;
    this.view.head(isOn ? this.engine.position() / BEATS_PER_BAR : null);
    if (isOn) this.frame = requestAnimationFrame(() => this.step());
  }

  async keep() {
    const notes = await trying(() => this.merged());
    const from = lanes.free(this.now.lanes, []);
    const made = notes && (await trying(() => this.api.addNotes("Arrangement", notes, from)));
    if (!made) return;
    if (!this.clip(made[0].id)) await trying(this.api.session);
    this.store.select(made[0].id, { show: true });
    say("The arrangement is a clip now");
  }

  async drawAnew() {
    const { lanes: placed, locked } = this.now;
    this.isBusy = true;
    this.show();
    const next = await trying(() => drawnAnew(placed, locked, this.clip, this.api.run));
    this.isBusy = false;
    if (next) await trying(this.api.session);
    if (next) await this.set({ lanes: next });
    this.show();
    if (next) say("The rest is drawn anew");
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    for (const end of this.endings) end();
    if (!this.isMine) return;
    this.engine.stop();
    this.store.update({ loop: null });
  }
}
