// Starts the page.
import { alarm, trying } from "./actions.js";
import { api } from "./api.js";
import { el } from "./dom.js";
import { mountDrag } from "./drag.js";
import { makeKeyList, mountHints } from "./hints.js";
import { mountJobs } from "./jobs.js";
import { mountKeys } from "./keys.js";
import { mountPanel } from "./panel.js";
import { player } from "./player.js";
import { mountSettings } from "./settings.js";
import { engine } from "./sound/engine.js";
import { mountStage } from "./stage.js";
import { store } from "./store.js";
import { mountRail } from "./tools.js";
import { mountTransport } from "./transport.js";
import { mountTray } from "./tray.js";

const byId = (id) => document.getElementById(id);

/** The first gesture lets the browser make sound: the engine loads then, ahead of the first play. */
function wakeOnGesture() {
  const wake = () => {
    removeEventListener("pointerdown", wake, true);
    removeEventListener("keydown", wake, true);
    player.wake();
  };
  addEventListener("pointerdown", wake, true);
  addEventListener("keydown", wake, true);
}

function mountAll() {
  const showKeys = makeKeyList();
  const jobs = el("ul.jobs", { hidden: true, "aria-label": "What runs" });
  byId("transport").before(jobs);
  mountSettings(byId("top"), { showKeys });
  mountRail(byId("rail"));
  const { press } = mountPanel(byId("panel"));
  mountStage(byId("stage"));
  mountTray(byId("tray"));
  mountTransport(byId("transport"));
  mountHints(byId("hints"));
  mountJobs(jobs);
  mountKeys({ press, showKeys });
  mountDrag(document.body, { store, api });
}

/** A studio that was started anew counts its versions anew. */
function followConnection() {
  let isLost = false;
  api.on("connection", async (isThere) => {
    if (isThere && isLost) await trying(async () => store.take(await api.session(), { isAnew: true }));
    isLost = !isThere;
  });
}

async function start() {
  player.onError = alarm;
  api.on("job", store.takeJob);
  mountAll();
  wakeOnGesture();
  const [tools, jobs] = await Promise.all([api.tools(), api.jobs()]);
  store.update({ tools, jobs: [...jobs].reverse() });
  api.on("session", (session) => store.take(session));
  await api.session();
  api.listen();
  followConnection();
  engine.prepare().catch(alarm);
  document.body.dataset.ready = "true";
}

start().catch(alarm);
