// The stage: the clip in focus, the arrangement, the map, or the view of a tool.
import { alarm } from "./actions.js";
import { api } from "./api.js";
import { mountClip } from "./clip_view.js";
import { el } from "./dom.js";
import { mountEmpty } from "./empty.js";
import { icon } from "./icons.js";
import { engine } from "./sound/engine.js";
import { store } from "./store.js";
import { showView } from "./tools.js";

const VIEWS = {
  clip: { title: "Clip", icon: "wave", hint: "The clip in focus: its notes, and what can be done with it" },
  arrange: { title: "Arrangement", icon: "track", hint: "Drums, bass, chords and melody by sections", module: "./arrange.js", mount: "mountArrange" },
  map: { title: "Map", icon: "map", hint: "What the model knows, as a landscape", module: "./map.js", mount: "mountMap" },
  drumify: { title: "Drumify", icon: "drumify", hint: "Tap a rhythm, hear a beat", module: "./drumify.js", mount: "mountDrumify" },
  infill: { title: "Infill", icon: "infill", hint: "Paint what is to be drawn anew", module: "./infill.js", mount: "mountInfill" },
};
const ALWAYS = ["clip", "arrange", "map"];

export function mountStage(element) {
  const tabs = el("div.stage-tabs", { role: "group", "aria-label": "Views" });
  const body = el("div.stage-body");
  const button = el("button.button.bare.small.square", { type: "button", onclick: toggleTall }, icon("tall"));
  button.dataset.hint = "More room for the clips, or for what is in focus";
  element.replaceChildren(el("div.stage-bar", {}, tabs, button), body);
  let leave = () => {};
  let shown = null;
  let turn = 0;

  function toggleTall() {
    const main = document.getElementById("main");
    const order = ["even", "stage", "tray"];
    main.dataset.room = order[(order.indexOf(main.dataset.room ?? "even") + 1) % order.length];
    name();
  }

  function name() {
    const room = document.getElementById("main").dataset.room ?? "even";
    const text = { even: "Room: even", stage: "Room: more for the view", tray: "Room: more for the clips" }[room];
    button.setAttribute("aria-label", text);
    button.title = text;
  }

  function showTabs(view) {
    const names = ALWAYS.includes(view) ? ALWAYS : [...ALWAYS, view];
    const buttons = names.map((one) => {
      const { title, icon: drawn, hint } = VIEWS[one];
      const tab = el("button.button.bare.small.tab", { type: "button", onclick: () => showView(one) }, icon(drawn), title);
      tab.dataset.hint = hint;
      tab.dataset.view = one;
      tab.setAttribute("aria-pressed", one === view);
      return tab;
    });
    const hadFocus = tabs.contains(document.activeElement);
    tabs.replaceChildren(...buttons);
    if (hadFocus) tabs.querySelector('[aria-pressed="true"]').focus();
  }

  async function mount(view) {
    const mine = ++turn;
    leave();
    leave = () => {};
    body.replaceChildren();
    body.dataset.view = view;
    if (view === "clip") {
      leave = store.focused() ? mountClip(body) : mountEmpty(body);
      return;
    }
    const { module, mount: name } = VIEWS[view];
    const home = el("div.view");
    const loaded = await import(module);
    if (mine !== turn) return;
    body.append(home);
    const view_ = await loaded[name](home, { store, api, engine });
    const end = () => (typeof view_ === "function" ? view_() : view_?.destroy?.());
    if (mine === turn) leave = end;
    else end();
  }

  function show(state) {
    const key = `${state.view} ${state.view === "clip" ? Boolean(store.focused()) : ""}`;
    if (key === shown) return;
    shown = key;
    showTabs(state.view);
    mount(state.view).catch(alarm);
  }

  store.subscribe((state) => state.session && show(state));
  name();
}
