// Work that runs: how far it is, and a button that stops it.
import { alarm, say } from "./actions.js";
import { api } from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { looksOf } from "./names.js";
import { store } from "./store.js";
import { served } from "./tools.js";

const QUIET_MS = 250; // what is done sooner shows nothing
const isLive = (job) => job.state === "waiting" || job.state === "running";

/** Whether a text says no more than the tool's name. */
const isTitle = (name, text) => !text || text === served(name)?.title;

function makeRow(job) {
  const { title } = looksOf(job.tool);
  const bar = el("progress", { "aria-label": `${title}: how far it is` });
  const text = el("span.job-text");
  const stop = el(
    "button.button.small",
    { type: "button", "aria-label": `Stop ${title}`, data: { hint: "Stops this work; what is there stays" } },
    icon("stop"),
    "Stop",
  );
  stop.addEventListener("click", async () => {
    stop.disabled = true;
    await api.stopJob(job.id).then(() => say(`${title} stopped`), alarm);
  });
  const element = el("li.job", {}, icon(looksOf(job.tool).icon), text, bar, stop);
  const show = (now) => {
    const more = now.state === "waiting" ? "waits for its turn" : (now.text ?? "");
    text.textContent = isTitle(now.tool, more) ? title : `${title}: ${more}`;
    if (now.total > 0) {
      bar.max = now.total;
      bar.value = now.done;
    }
  };
  return { element, show };
}

export function mountJobs(element) {
  const rows = new Map();
  const since = new Map();

  function show() {
    const live = store.state.jobs.filter(isLive);
    for (const [id, row] of rows) {
      if (live.some((job) => job.id === id)) continue;
      row.element.remove();
      rows.delete(id);
    }
    for (const job of live) {
      if (!since.has(job.id)) {
        since.set(job.id, performance.now());
        setTimeout(show, QUIET_MS + 10);
      }
      if (!rows.has(job.id) && performance.now() - since.get(job.id) > QUIET_MS) {
        rows.set(job.id, makeRow(job));
        element.append(rows.get(job.id).element);
        say(`${looksOf(job.tool).title} runs`);
      }
      rows.get(job.id)?.show(job);
    }
    element.hidden = rows.size === 0;
    document.body.classList.toggle("is-busy", live.length > 0);
  }

  store.subscribe((state, changed) => changed.has("jobs") && show());
  show();
}
