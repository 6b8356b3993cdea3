// A roll's ears: pointers, keys, the wheel, scrolling.
import { gestureAt, removeAt } from "./gestures.js";
import { keyed } from "./keys.js";
import { hit } from "./scale.js";

/** Begins to listen; returns what ends it. */
export function listen(roll) {
  const ears = new AbortController(), { view } = roll;
  const on = (name, f, options = {}) => view.addEventListener(name, f, { signal: ears.signal, ...options });
  on("scroll", () => roll.scrolled());
  on("wheel", (event) => wheel(roll, event), { passive: false });
  on("keydown", (event) => typed(roll, event));
  on("focus", () => focused(roll, view.matches(":focus-visible")));
  on("blur", () => focused(roll, false));
  on("contextmenu", (event) => menu(roll, event));
  on("touchstart", (event) => touched(roll, event), { passive: false });
  pointers(roll, on);
  return () => ears.abort();
}

function placed(roll, event) {
  const box = roll.screen.getBoundingClientRect();
  const { shiftKey, ctrlKey, metaKey, altKey, pointerType } = event;
  return { x: event.clientX - box.left, y: event.clientY - box.top, shiftKey, ctrlKey, metaKey, altKey, pointerType };
}

const LONG_PRESS_MS = 550, STILL = 8; // pixels

function pointers(roll, on) {
  let gesture = null, press = null;
  const drop = () => {
    clearTimeout(press?.timer);
    gesture = null;
    roll.isHeld = false;
    roll.cancel();
  };
  on("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary || isScrollbar(roll, event)) return;
    const place = placed(roll, event);
    gesture = gestureAt(roll, place.x, place.y, place);
    roll.isHeld = Boolean(gesture);
    if (event.pointerType !== "touch") return gesture && roll.view.setPointerCapture(event.pointerId);
    const remove = () => {
      drop();
      removeAt(roll, place.x, place.y);
    };
    press = { ...place, timer: setTimeout(remove, LONG_PRESS_MS) };
  });
  on("pointermove", (event) => {
    const place = placed(roll, event);
    if (press && Math.hypot(place.x - press.x, place.y - press.y) > STILL) clearTimeout(press.timer);
    if (gesture) gesture.move(place);
    else if (event.pointerType !== "touch") roll.view.style.cursor = cursorAt(roll, place);
  });
  on("pointerup", (event) => {
    clearTimeout(press?.timer);
    if (!gesture || event.button !== 0) return;
    const ended = gesture;
    gesture = null;
    roll.isHeld = false;
    ended.end(placed(roll, event));
    roll.say();
  });
  on("pointercancel", drop);
}

const isScrollbar = (roll, { offsetX, offsetY, target }) =>
  target === roll.view && (offsetX > roll.view.clientWidth || offsetY > roll.view.clientHeight);

function cursorAt(roll, { x, y }) {
  const { view, readOnly, painted } = roll.state;
  if (painted) return "crosshair";
  if (y < view.ruler || x < view.gutter) return "pointer";
  if (readOnly) return "default";
  if (y >= view.height - view.lane) return "ns-resize";
  const found = hit(view, x, y, roll.state);
  return found ? (found.edge ? "ew-resize" : "grab") : "cell";
}

/** A finger on a note, on a velocity or while painting does not scroll. */
function touched(roll, event) {
  const place = placed(roll, event.touches[0]), { view, painted } = roll.state;
  const isLane = place.y >= view.height - view.lane;
  if (painted || isLane || (place.x > view.gutter && place.y > view.ruler && hit(view, place.x, place.y, roll.state))) {
    event.preventDefault();
    roll.view.focus({ preventScroll: true });
  }
}

function menu(roll, event) {
  event.preventDefault();
  const { x, y } = placed(roll, event);
  roll.cancel();
  removeAt(roll, x, y);
}

function wheel(roll, event) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  roll.zoom(Math.exp(-event.deltaY / 300), placed(roll, event).x);
}

function focused(roll, hasFocus) {
  roll.change({ hasFocus });
  if (hasFocus) roll.say();
}

function typed(roll, event) {
  const values = roll.isHeld ? null : keyed(roll.state, event);
  if (!values) return;
  event.preventDefault();
  event.stopPropagation();
  roll.change({ ...values, hasFocus: true });
  roll.say();
}
