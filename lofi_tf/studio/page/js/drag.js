// Into the page: files are dropped anywhere. Out of it: a clip is dragged into a folder or a DAW.
import { upload } from "./actions.js";
import { api } from "./api.js";
import { el } from "./dom.js";
import { downloadText } from "./drag/text.js";
import { store } from "./store.js";

/** What a clip that is dragged within the page is known by. */
export const CLIP_TYPE = "application/x-lofi-clip";

/** Takes files that are dropped on the page; returns {destroy()}. */
export function mountDrag(element) {
  const zone = el("div.drop-zone", { hidden: true, "aria-hidden": "true" },
    el("p.drop-words", {}, el("strong", {}, "Drop it here"), "MIDI, MusicXML, ABC, or a recording"));
  element.append(zone);
  const ears = new AbortController();
  const on = (name, f) => element.addEventListener(name, f, { signal: ears.signal });
  const hide = () => (zone.hidden = true);
  on("dragenter", (event) => hasFiles(event) && (zone.hidden = false));
  on("dragover", (event) => hasFiles(event) && event.preventDefault());
  on("dragleave", (event) => event.relatedTarget === null && hide());
  on("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hide();
    upload([...event.dataTransfer.files]);
  });
  return {
    destroy() {
      ears.abort();
      zone.remove();
    },
  };
}

const hasFiles = ({ dataTransfer }) => Boolean(dataTransfer?.types.includes("Files"));

/**
 * Lets an element be dragged as a clip: onto a lane of the arrangement, or as a file out of the page,
 * which Chromium can. `format` is "mid", or "wav" for what it sounds like with the session's preset.
 */
export function makeDraggable(element, clip, { format = "mid" } = {}) {
  element.draggable = true;
  element.addEventListener("dragstart", (event) => {
    const now = store.clip(clip.id) ?? clip;
    event.dataTransfer.setData(CLIP_TYPE, now.id);
    event.dataTransfer.setData("DownloadURL", downloadOf(now, format));
    event.dataTransfer.setData("text/plain", now.name);
    event.dataTransfer.effectAllowed = "copy";
  });
}

function downloadOf(clip, format) {
  const isSound = clip.kind === "sound", ending = isSound ? "wav" : format;
  const isFile = isSound || format === "mid";
  const path = isFile ? api.fileUrl(clip) : api.renderUrl(clip, store.state.session.preset);
  return downloadText(clip.name, ending, new URL(path, location.href).href);
}
