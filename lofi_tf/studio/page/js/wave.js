// A recording on the stage: its wave, with the place that sounds.
import { el } from "./dom.js";
import { player } from "./player.js";
import { onTheme } from "./roll.js";

/** Draws the peaks of a clip of sound. Returns {destroy, update}. */
export function mountWave(element, { clip }) {
  const canvas = el("canvas.wave", { role: "img", "aria-label": `The wave of ${clip.name}` });
  let now = clip;
  let place = null;
  element.append(canvas);

  function draw() {
    const width = (canvas.width = canvas.clientWidth * devicePixelRatio);
    const height = (canvas.height = canvas.clientHeight * devicePixelRatio);
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const peaks = now.peaks ?? [];
    const step = width / Math.max(1, peaks.length);
    context.fillStyle = style.getPropertyValue("--sound");
    peaks.forEach((peak, k) => {
      const tall = Math.max(devicePixelRatio, Math.abs(peak) * height * 0.9);
      context.fillRect(k * step, (height - tall) / 2, Math.max(1, step * 0.7), tall);
    });
    if (place === null) return;
    context.fillStyle = style.getPropertyValue("--text");
    context.fillRect(place * width, 0, 2 * devicePixelRatio, height);
  }

  const sized = new ResizeObserver(draw);
  sized.observe(canvas);
  const endTheme = onTheme(draw);
  const endFrames = player.onFrame((playing, { share }) => {
    place = playing?.id === now.id ? share : null;
    draw();
  });
  return {
    update: ({ clip: changed }) => ((now = changed), draw()),
    destroy() {
      sized.disconnect();
      endTheme();
      endFrames();
    },
  };
}
