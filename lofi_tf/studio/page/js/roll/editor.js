// A roll that can be edited: its parts on the page, its state, and who is told of changes.
import { el } from "../dom.js";
import { draw } from "./draw.js";
import { flatten, GRID, unflatten } from "./edit.js";
import { follow } from "./follow.js";
import { listen } from "./listen.js";
import { drawOverlay } from "./overlay.js";
import { painted } from "./painted.js";
import { rowOf, rowsOfTrack } from "./rows.js";
import { extent, fitting, xOf, yOf, zoomed } from "./scale.js";
import { onTheme } from "./theme.js";
import { toolbar } from "./toolbar.js";
import { store } from "../store.js";
import { cursorWords, selectionWords } from "./words.js";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const COARSE = matchMedia("(pointer: coarse)");
const SHORT = 14; // rem: a lower roll has lower velocities
const HINT = "Click puts a note in, drag moves it, right click takes it out; arrows and Enter do it too";
let clipboard = null; // of all rolls: what is copied from one is pasted into another

/**
 * Shows a clip's notes in an element, to be edited where it is not `readOnly`.
 * Args: onChange(notes) after each gesture, which answers with the clip that was kept, or with nothing
 * where that failed; engine, or null; sounds() whether these notes play;
 * paint {onChange({bars, drums})} to paint instead of editing.
 * Returns {update({clip, notes}), setPainted(painted), focus(), destroy()}.
 */
export function mountRoll(element, options) {
  const roll = new Roll(element, options);
  return {
    update: (values) => roll.update(values),
    setPainted: (value) => roll.change({ painted: value }),
    focus: () => roll.view.focus(),
    destroy: () => roll.destroy(),
  };
}

class Roll {
  constructor(element, { clip, notes, onChange = () => {}, engine = null, readOnly = false, sounds, paint = null }) {
    Object.assign(this, { onChange, engine, paintChange: paint?.onChange, isFitted: true, saving: Promise.resolve(), pending: 0, late: null });
    this.sounds = sounds ?? (() => store.state.playing === this.state.clip.id);
    this.build(element, clip);
    this.state = {
      ...this.music(clip, notes), selected: new Set(), track: 0, readOnly: readOnly || Boolean(paint),
      painted: paint ? { bars: [], drums: [] } : null, isSnapping: true, lastLength: 1, lastVelocity: 90,
      frame: null, hasFocus: false, view: null,
      get isCalm() {
        return CALM.matches;
      },
      rowOfNote: (note) => rowOf(this.state.rows, this.state.notes.tracks[note.track].is_drum, note.pitch),
    };
    this.state.cursor = { beat: 0, row: this.firstRow() };
    this.bar = toolbar(this);
    this.bar.element.hidden = Boolean(paint);
    this.root.prepend(this.bar.element);
    const sizes = new ResizeObserver(() => this.measure());
    sizes.observe(this.view);
    this.endings = [() => sizes.disconnect(), onTheme(() => this.show()), listen(this), follow(this)];
    this.measure();
    this.scrollToMusic();
  }

  build(element, clip) {
    this.canvas = el("canvas.roll-canvas", { "aria-hidden": "true" });
    this.over = el("canvas.roll-canvas.roll-over", { "aria-hidden": "true" });
    this.screen = el("div.roll-screen", {}, this.canvas, this.over);
    this.space = el("div.roll-space", {}, this.screen);
    this.view = el("div.roll-view", { tabIndex: 0, role: "application", "aria-roledescription": "piano roll", data: { hint: HINT } }, this.space);
    this.said = el("p.hidden-text", { role: "status", "aria-live": "polite" });
    this.root = el("div.roll", {}, this.view, this.said);
    this.view.setAttribute("aria-label", `Notes of ${clip.name}`);
    element.append(this.root);
  }

  music(clip, notes) {
    this.told = JSON.stringify(notes.tracks);
    const kept = this.state?.only ?? null, only = kept < notes.tracks.length ? kept : null;
    return { clip, notes, only, list: flatten(notes), rows: rowsOfTrack(notes, only) };
  }

  /** The snare of drums, the middle of keys. */
  firstRow() {
    const { rows } = this.state, snare = rows.findIndex((row) => row.name === "snare");
    return rows[0].kind === "drum" ? snare : Math.floor(rows.filter((row) => row.kind === "key").length / 2);
  }

  /** Shows other notes, or the same after they were kept: a selection stays where nothing changed. */
  update({ clip = this.state.clip, notes }) {
    if (this.pending) return void (this.late = { clip, notes });
    const isSame = !notes || JSON.stringify(notes.tracks) === this.told;
    if (isSame) this.state.clip = clip;
    else Object.assign(this.state, this.music(clip, notes), { selected: new Set() });
    this.state.cursor.row = Math.min(this.state.cursor.row, this.state.rows.length - 1);
    this.measure();
    if (!isSame && this.state.hasFocus) this.say();
  }

  /** Takes a track in hand and shows its rows alone; null shows all. */
  take(track) {
    const rows = rowsOfTrack(this.state.notes, track);
    Object.assign(this.state, { rows, only: track, track: track ?? this.state.track, selected: new Set() });
    this.state.cursor.row = this.firstRow();
    this.measure();
    this.scrollToMusic();
  }

  /** Measures the place that there is and fits rows and beats into it. */
  measure() {
    const { state, view } = this, rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const hasKeys = state.rows.some((row) => row.kind === "key"), isCoarse = COARSE.matches;
    const marks = Number(Boolean(state.clip.chords?.length)) + Number(Boolean(state.clip.sections?.length));
    const size = { width: view.clientWidth, height: view.clientHeight };
    const old = state.view ?? { left: 0, top: 0, beatWidth: 1 };
    const sides = { gutter: (hasKeys && state.rows.at(-1).kind === "key" ? 4.5 : 5.75) * rem, ruler: (1.5 + 1.25 * marks) * rem, lane: state.painted ? 0 : (size.height < SHORT * rem ? 2.75 : 4) * rem };
    const free = (size.height - sides.ruler - sides.lane) / state.rows.length;
    const [least, most] = hasKeys ? [isCoarse ? 1.25 : 0.8, 1.5] : [isCoarse ? 1.5 : 1.25, 2.75];
    const rowHeight = Math.max(least * rem, Math.min(most * rem, free));
    const spare = size.height - sides.ruler - sides.lane - rowHeight * state.rows.length;
    if (sides.lane) sides.lane += Math.max(0, Math.min(5 * rem, spare));
    state.view = { ...old, ...size, ...sides, rowHeight };
    if (this.isFitted) state.view.beatWidth = fitting(state.view, state.notes.beats, (isCoarse ? 4 : 2.5) * rem);
    this.place();
  }

  /** Gives the scrolled space its size. */
  place() {
    const { view } = this.state, all = extent(view, this.state.notes.beats, this.state.rows.length);
    this.space.style.width = `${Math.max(view.width, all.width)}px`;
    this.space.style.height = `${Math.max(view.height, all.height)}px`;
    this.screen.style.width = `${view.width}px`;
    this.screen.style.height = `${view.height}px`;
    this.scrolled();
  }

  scrolled() {
    Object.assign(this.state.view, { left: this.view.scrollLeft, top: this.view.scrollTop });
    this.show();
  }

  /** Scrolls to the middle of the notes; of drums, to the kick. */
  scrollToMusic() {
    if (this.state.rows[0].kind === "drum") return (this.view.scrollTop = this.view.scrollHeight);
    const rows = this.state.list.map((note) => this.state.rowOfNote(note)).filter((row) => row >= 0).sort((one, other) => one - other);
    const middle = rows[rows.length >> 1] ?? 0;
    return (this.view.scrollTop = (middle + 0.5) * this.state.view.rowHeight - this.state.view.height / 2);
  }

  zoom(factor, x) {
    this.isFitted = false;
    const { beatWidth, left } = zoomed(this.state.view, factor, x);
    this.state.view.beatWidth = beatWidth;
    this.place();
    this.view.scrollLeft = left;
    this.scrolled();
  }

  fit() {
    this.isFitted = true;
    this.measure();
  }

  /** Takes what is new of the state; notes that changed are told, as one step. */
  change(values) {
    const before = this.state.list;
    if (values.clipboard) clipboard = values.clipboard;
    Object.assign(this.state, values);
    this.state.clipboard = clipboard;
    if (values.list) this.state.selected = new Set(this.state.list.map((note) => note.id).filter((id) => this.state.selected.has(id)));
    this.remember();
    this.show();
    if (values.list && values.list !== before) this.tell();
  }

  /** Shows notes of a gesture that goes on. */
  draft(list) {
    this.kept ??= this.state.list;
    this.state.list = list;
    this.show();
  }

  /** Ends a gesture: what it changed is one step. */
  commit() {
    const isChanged = this.kept && this.kept !== this.state.list;
    this.kept = null;
    if (isChanged) this.tell();
  }

  /** Takes a gesture back. */
  cancel() {
    if (this.kept) this.state.list = this.kept;
    this.kept = null;
    this.change({ frame: null });
  }

  /** Tells of notes that are others than those told last; one after the other, each a step. */
  tell() {
    const notes = unflatten(this.state.notes, this.state.list), text = JSON.stringify(notes.tracks);
    if (text === this.told) return;
    this.told = text;
    this.pending += 1;
    this.saving = this.saving.then(() => this.onChange(notes)).then((answer) => this.settle(answer));
  }

  /** What came while changes were being kept is shown if none of them was kept after it. */
  settle(answer) {
    this.pending -= 1;
    const late = this.late;
    if (this.pending || !late) return;
    this.late = null;
    if (!answer || late.clip.version > answer.version) this.update(late);
  }

  /** The next note is as loud and as long as the one in hand. */
  remember() {
    const [only, more] = this.state.selected;
    const note = more ? null : this.state.list.find((other) => other.id === only);
    if (!note) return;
    this.state.lastVelocity = note.velocity;
    if (!this.state.notes.tracks[note.track].is_drum) this.state.lastLength = Math.max(GRID, note.length);
  }

  paint(bars, rows, before) {
    const value = painted({ bars, rows }, before, this.state);
    this.change({ painted: value });
    this.paintChange(value);
  }

  show() {
    if (this.isDue) return;
    this.isDue = requestAnimationFrame(() => {
      this.isDue = 0;
      this.theme = draw(this.canvas, this.state);
      this.showOver();
      this.bar.show(this.state);
    });
  }

  /** Draws what moves; the playhead where the clip plays. */
  showOver() {
    const beats = this.state.notes.beats;
    const beat = this.sounds() && this.engine?.isPlaying ? this.engine.position() % beats : null;
    if (this.theme) drawOverlay(this.over, this.state, this.theme, beat);
    return beat;
  }

  /** Says where the cursor is, or what is selected, and brings it into view. */
  say() {
    const { state } = this;
    this.said.textContent = state.selected.size ? selectionWords(state) : cursorWords(state);
    const x = xOf(state.view, state.cursor.beat), y = yOf(state.view, state.cursor.row), { view } = state;
    if (x < view.gutter || x > view.width - view.beatWidth / 4) this.view.scrollLeft += x - (view.width + view.gutter) / 2;
    if (y < view.ruler || y > view.height - view.lane - view.rowHeight) this.view.scrollTop += y - (view.height + view.ruler - view.lane) / 2;
  }

  sound({ pitch, velocity, track }) {
    if (!this.engine || this.engine.isPlaying) return;
    const { part, program, is_drum: isDrum } = this.state.notes.tracks[track], name = isDrum ? "drums" : part;
    this.engine.noteOn(pitch, velocity, name, program);
    setTimeout(() => this.engine.noteOff(pitch, name), 250);
  }

  /** A row sounds until the function that comes back is called. */
  hold(row) {
    const { notes, track } = this.state, isDrum = row.kind === "drum";
    const own = notes.tracks[track]?.is_drum === isDrum ? notes.tracks[track] : notes.tracks.find((other) => other.is_drum === isDrum);
    const part = isDrum ? "drums" : (own?.part ?? "chords");
    this.engine?.noteOn(row.pitch, 90, part, own?.program);
    return () => this.engine?.noteOff(row.pitch, part);
  }

  destroy() {
    for (const end of this.endings) end();
    cancelAnimationFrame(this.isDue);
    this.root.remove();
  }
}
