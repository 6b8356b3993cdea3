// A roll follows what plays: frames are drawn while it does, and only then.

/** Begins to watch the engine; returns what ends it. */
export function follow(roll) {
  const { engine } = roll;
  if (!engine) return () => {};
  let frame = 0;
  const step = () => {
    const beat = roll.showOver();
    frame = engine.isPlaying ? requestAnimationFrame(step) : 0;
    if (beat !== null) keepInView(roll, beat);
  };
  const start = () => {
    if (!frame) frame = requestAnimationFrame(step);
  };
  const end = engine.on("state", start);
  start();
  return () => {
    end();
    cancelAnimationFrame(frame);
  };
}

/** Turns the page where the playhead leaves it, as long as no one works in the roll. */
function keepInView({ state: { view }, view: element, isHeld }, beat) {
  const x = view.gutter + beat * view.beatWidth - view.left;
  const isOut = x > view.width || x < view.gutter;
  if (isOut && !isHeld) element.scrollLeft = Math.max(0, beat * view.beatWidth - 8);
}
