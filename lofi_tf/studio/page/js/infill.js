// Infill: bars and drums of a clip are painted, and drawn anew.
import { say, trying } from "./actions.js";
import { el } from "./dom.js";
import { settingsOf } from "./panel.js";
import { notesOf, player } from "./player.js";
import { barCount, barsText, optionsOf } from "./roll/painted.js";
import { mountRoll } from "./roll.js";
import { rowsOf } from "./roll/rows.js";

const NOTHING = { bars: [], drums: [] };

/** Shows the clip in focus to be painted on; returns {destroy()}. */
export function mountInfill(element, { store, api, engine }) {
  const parts = build();
  let clip = null, notes = null, roll = null, painted = NOTHING, turn = 0;

  function paint(value) {
    painted = value;
    roll.setPainted(value);
    tell();
  }

  function tell() {
    parts.told.textContent = painted.bars.length ? wordsOf(painted) : "Paint over what is to be drawn anew: bars, drums, or some of both.";
    parts.run.disabled = parts.clear.disabled = !painted.bars.length;
    for (const [chip, isOn] of parts.chips(painted)) chip.setAttribute("aria-pressed", isOn);
  }

  async function show() {
    const next = store.focused(), mine = ++turn;
    if (!next || next.kind !== "notes") return empty();
    if (clip && next.id === clip.id && next.version === clip.version) return;
    const found = await trying(() => notesOf(next));
    if (mine !== turn || !found) return;
    const isAlike = notes && barCount(notes) === barCount(found);
    [clip, notes] = [next, found];
    roll?.destroy();
    painted = isAlike ? painted : NOTHING;
    roll = mountRoll(parts.home, { clip, notes, engine, paint: { onChange: (value) => paint(value) } });
    parts.fill(notes, (change) => paint(change(painted)));
    paint(painted);
  }

  function empty() {
    roll?.destroy();
    [clip, notes, roll] = [null, null, null];
    parts.told.textContent = "Choose a clip of notes in the tray: it is shown here to be painted on.";
    parts.run.disabled = parts.clear.disabled = true;
    parts.fill(null);
  }

  parts.clear.addEventListener("click", () => paint(NOTHING));
  parts.run.addEventListener("click", async () => {
    parts.run.disabled = true;
    const { options, seed } = settingsOf("infill");
    const request = { inputs: [clip.id], options: { ...options, ...optionsOf(painted, notes) }, seed };
    const job = await trying(() => api.run("infill", request));
    parts.run.disabled = false;
    if (job) await heard(job, store, api);
  });
  element.append(parts.element);
  const end = store.subscribe((_, changed) => (changed.has("selection") || changed.has("session")) && show());
  show();
  return {
    destroy() {
      turn++;
      end();
      roll?.destroy();
    },
  };
}

/** What came of it is in focus and plays; the view stays, to go on painting. */
async function heard(job, store, api) {
  if (!store.clip(job.clips[0])) await trying(api.session);
  const made = store.clip(job.clips[0]);
  if (!made) return;
  store.update({ selection: [made.id] });
  say(`Made ${made.name}`);
  player.play(made, { when: engineWhen(store) });
}

const engineWhen = (store) => (store.state.playing ? "bar" : "now");

function wordsOf({ bars, drums }) {
  const text = barsText(bars).replaceAll("-", " to ").replaceAll(",", ", ");
  return `${bars.length === 1 ? "Bar" : "Bars"} ${text}: ${drums.length ? drums.join(", ") : "all"}`;
}

function build() {
  const told = el("p.infill-told", { role: "status", "aria-live": "polite" });
  const run = el("button.button.main", { type: "button", data: { hint: "Draws what is painted anew; the rest stays as it is" } }, "Draw them anew");
  const clear = el("button.button", { type: "button", data: { hint: "Paints nothing" } }, "Clear");
  const bars = el("div.infill-chips", { role: "group", "aria-label": "Bars" });
  const drums = el("div.infill-chips", { role: "group", "aria-label": "Drums" });
  const home = el("div.infill-roll");
  const element = el("div.infill", {}, el("div.infill-top", {}, told, clear, run), el("div.infill-picks", {}, bars, drums), home);
  let known = [];

  /** One button a bar and a drum: what is painted, for keys. */
  function fill(notes, change) {
    const count = notes ? barCount(notes) : 0, drumRows = notes ? rowsOf(notes).filter((row) => row.kind === "drum") : [];
    known = [
      ...Array.from({ length: count }, (_, bar) => chipOf(String(bar + 1), `Bar ${bar + 1}`, change, "bars", bar)),
      ...drumRows.reverse().map((row) => chipOf(row.short, row.name, (f) => change((now) => allBars(f(now), count)), "drums", row.name)),
    ];
    bars.replaceChildren(el("span.label", {}, "Bars"), ...known.filter((one) => one.kind === "bars").map((one) => one.chip));
    drums.replaceChildren(el("span.label", {}, "Drums"), ...known.filter((one) => one.kind === "drums").map((one) => one.chip));
    bars.hidden = !count;
    drums.hidden = !drumRows.length;
  }

  const chips = (painted) => known.map(({ chip, kind, value }) => [chip, painted[kind].includes(value)]);
  return { element, told, run, clear, home, fill, chips };
}

/** Drums without bars are drums of all bars. */
function allBars(painted, count) {
  return painted.drums.length && !painted.bars.length ? { ...painted, bars: Array.from({ length: count }, (_, bar) => bar) } : painted;
}

function chipOf(text, title, change, kind, value) {
  const onclick = () => change((painted) => ({ ...painted, [kind]: toggledIn(painted[kind], value) }));
  const chip = el("button.button.small", { type: "button", "aria-label": title, onclick, data: { hint: "Draws it anew, or keeps it" } }, text);
  return { chip, kind, value };
}

function toggledIn(values, value) {
  return values.includes(value) ? values.filter((other) => other !== value) : [...values, value].sort((one, other) => (one > other ? 1 : -1));
}
