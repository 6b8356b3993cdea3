// Drumify: taps in time are answered with a beat.
import { alarm, say, trying } from "./actions.js";
import { el } from "./dom.js";
import { settingsOf } from "./panel.js";
import { player } from "./player.js";
import { COUNT_IN_BARS, millisecondsOf, phaseAt, silence, tapNotes, velocityAt } from "./drumify/taps.js";

const BEATS_PER_BAR = 4, TAP_VELOCITY = 95;
const SETTLED_MS = 500; // after which the engine tells of the silence
const WAITING = "Press Start, wait for four clicks, and tap: here, with A to L, with Enter on the pad, or on a MIDI pad.";

/** Shows the pad; returns {destroy()}. */
export function mountDrumify(element, { store, api, engine }) {
  const parts = build();
  const take = { isOn: false, taps: [], bars: 2, begun: 0, end: Infinity };
  const settings = () => ({ bars: take.bars, beatsPerBar: BEATS_PER_BAR, qpm: store.state.session.qpm });
  let frame = 0;

  async function start() {
    player.stop();
    Object.assign(take, { isOn: true, taps: [], bars: Number(parts.bars.value), end: Infinity });
    parts.begin(take.bars);
    engine.metronome(parts.clicks.checked);
    try {
      await engine.play(silence(settings()), { when: "now" });
    } catch (error) {
      stop();
      return alarm(error);
    }
    store.update({ loop: "Taps" });
    take.begun = performance.now();
    take.end = take.begun + millisecondsOf(settings());
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(step);
    parts.pad.focus();
  }

  /** The clock says whether it is over: at first the engine may still tell of what played before. */
  function step() {
    if (!take.isOn) return;
    const beat = engine.position(), phase = phaseAt(beat, settings());
    if (performance.now() >= take.end) return answer();
    if (performance.now() > take.begun + SETTLED_MS && !engine.isPlaying) return stop();
    if (phase.kind !== "over") parts.show(phase, (beat - COUNT_IN_BARS * BEATS_PER_BAR) / (take.bars * BEATS_PER_BAR));
    frame = requestAnimationFrame(step);
  }

  async function answer() {
    take.isOn = false;
    const notes = tapNotes(take.taps, settings());
    if (!notes) return finish("Nothing was tapped. Start again when you are ready.");
    parts.say("Answering…");
    const job = await trying(() => api.run("drumify", { inputs: [{ notes }], ...settingsOf("drumify") }));
    if (!job) return finish(WAITING);
    if (!store.clip(job.clips[0])) await trying(api.session);
    const made = store.clip(job.clips[0]);
    if (!made) return finish(WAITING);
    engine.metronome(false);
    store.update({ selection: [made.id], loop: null });
    player.play(made, { when: "bar" }); // the silence goes on until then
    parts.end(`${made.name}: it plays from the next bar on. Start again for another.`);
    say(`Made ${made.name}`);
  }

  function finish(text) {
    parts.end(text);
    engine.metronome(false);
    if (!store.state.playing) engine.stop();
    store.update({ loop: null });
  }

  function stop() {
    take.isOn = false;
    cancelAnimationFrame(frame);
    finish(WAITING);
  }

  /** A tap at a time of performance.now(), which may be a little ago. */
  function tap(velocity, milliseconds, beat = null) {
    if (!take.isOn) return;
    const late = ((performance.now() - milliseconds) / 60_000) * store.state.session.qpm;
    const at = beat ?? engine.position() - late;
    take.taps.push({ beat: at, velocity });
    parts.mark((at - COUNT_IN_BARS * BEATS_PER_BAR) / (take.bars * BEATS_PER_BAR), velocity);
  }

  parts.start.addEventListener("click", () => (take.isOn ? stop() : start()));
  onPad(parts.pad, engine, tap);
  engine.keysPlay("drums");
  const end = engine.on("input", ({ velocity, time_beats: beat }) => tap(velocity, performance.now(), beat));
  element.append(parts.element);
  parts.end(WAITING);
  return {
    destroy() {
      if (take.isOn) stop();
      cancelAnimationFrame(frame);
      engine.keysPlay(null);
      end();
    },
  };
}

/** The pad: a press nearer to its middle is louder; Enter and Space tap too. */
function onPad(pad, engine, tap) {
  const hit = (velocity, milliseconds) => {
    tap(velocity, milliseconds);
    engine.noteOn(38, velocity, "drums");
    setTimeout(() => engine.noteOff(38, "drums"), 120);
    pad.classList.remove("is-hit");
    requestAnimationFrame(() => pad.classList.add("is-hit"));
  };
  pad.addEventListener("pointerdown", (event) => {
    const box = pad.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width - 0.5, (event.clientY - box.top) / box.height - 0.5];
    hit(velocityAt(Math.min(1, 2 * Math.hypot(x, y))), event.timeStamp);
  });
  pad.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) hit(TAP_VELOCITY, event.timeStamp);
  });
}

function build() {
  const start = el("button.button.main", { type: "button", data: { hint: "Four clicks, then your bars; the answer follows" } }, "Start");
  const bars = el("select.select", { id: "drumify-bars" }, ...[1, 2, 4].map((count) => el("option", { value: count }, String(count))));
  bars.value = "2";
  const clicks = el("input.switch", { type: "checkbox", role: "switch", checked: true, id: "drumify-clicks" });
  const word = el("span.pad-word", { "aria-hidden": "true" }, "Tap");
  const pad = el("button.pad", { type: "button", "aria-label": "Pad: tap here", data: { hint: "Tap the rhythm: nearer to the middle is louder" } }, word);
  const told = el("p.drumify-told", { role: "status", "aria-live": "polite" });
  const head = el("span.tap-head"), strip = el("div.tap-strip", { "aria-hidden": "true" }, head);
  const element = el("div.drumify", {},
    el("div.drumify-top", {}, start,
      el("label.setting-line", { htmlFor: "drumify-bars", data: { hint: "How many bars you tap" } }, "Bars", bars),
      el("label.setting-line", { htmlFor: "drumify-clicks", data: { hint: "A click on each beat while you tap" } }, "Clicks", clicks)),
    told, pad, strip);
  const place = (mark, share) => (mark.style.left = `${Math.max(0, Math.min(1, share)) * 100}%`);
  return {
    element, start, bars, clicks, pad,
    say: (text) => (told.textContent = text),
    begin(count) {
      start.textContent = "Stop";
      strip.replaceChildren(...lines(count), head);
      told.textContent = "Listen to four clicks…";
      pad.classList.add("is-live");
    },
    end(text) {
      start.textContent = "Start";
      told.textContent = text;
      word.textContent = "Tap";
      pad.classList.remove("is-live");
    },
    show(phase, share) {
      word.textContent = phase.kind === "count" ? String(phase.number) : `${phase.bar}.${phase.beat}`;
      pad.classList.toggle("is-counting", phase.kind === "count");
      place(head, share);
    },
    mark(share, velocity) {
      const dot = el("span.tap-dot");
      place(dot, share);
      dot.style.opacity = 0.4 + (0.6 * velocity) / 127;
      strip.append(dot);
    },
  };
}

function lines(bars) {
  return Array.from({ length: bars * BEATS_PER_BAR }, (_, beat) => {
    const line = el(beat % BEATS_PER_BAR ? "span.tap-line" : "span.tap-line.is-bar");
    line.style.left = `${(100 * beat) / (bars * BEATS_PER_BAR)}%`;
    return line;
  });
}
