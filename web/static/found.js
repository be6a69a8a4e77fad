// What models have found where the map looks, and which of it is wanted: by label, score and time.

import { northing } from "../player/mercator.js";
import { askJson } from "./api.js";
import { boundsOf } from "./bounds.js";
import { make } from "./dom.js";
import { drawThing, extentOf, markOf } from "./things.js";
import { words } from "./words.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./pane.js").Pane} Pane
 * @typedef {{id: string, label: string, properties: any, extent: import("./things.js").Extent}} Thing
 */

export const PATH = "ogc/collections/detections/items";
const MOST = 2000; // things at once
const PAUSE = 250; // milliseconds without change, after which they are asked for

export class Found {
  /** @param {State} state @param {() => void} onArrival */
  constructor(state, onArrival) {
    this.state = state;
    this.onArrival = onArrival;
    /** @type {Thing[]} */
    this.things = [];
    /** @type {string[]} as they came, so that a label keeps its colour */
    this.labels = [];
    /** @type {string} what has to be known of them */
    this.note = "";
    this.form = filterForm(state);
    this.asked = "";
    this.timer = 0;
    this.controller = new AbortController();
  }

  /** Have those ready that are wanted. @param {import("../player/view.js").View | null} view null: none */
  want(view) {
    const key = view ? `${PATH}?bbox=${boundsOf(view)}&limit=${MOST}${queryOf(this.state.get("found"))}` : "";
    if (key === this.asked) return;
    this.asked = key;
    clearTimeout(this.timer);
    this.controller.abort();
    this.controller = new AbortController();
    if (!key) this.things = [];
    else this.timer = window.setTimeout(() => this.#ask(key, this.controller.signal), PAUSE);
  }

  /** @param {string} path @param {AbortSignal} signal */
  async #ask(path, signal) {
    try {
      const page = await askJson(path, { signal });
      this.things = page.features.map(thingOf);
      const isAll = !page.links.some((/** @type {any} */ link) => link.rel === "next");
      this.note = !this.things.length ? words.found.none : isAll ? "" : words.found.more(MOST);
      this.labels = [...new Set([...this.labels, ...this.things.map(({ label }) => label)])];
      this.form.offer(this.labels);
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") return;
      this.things = [];
      this.note = /** @type {Error} */ (error).message;
    }
    this.onArrival();
  }

  /** @param {CanvasRenderingContext2D} context @param {Pane} pane */
  draw(context, pane) {
    const halo = pane.colours.halo;
    for (const thing of this.things) {
      const isChosen = pane.picked?.thing === thing.id;
      drawThing(context, thing.extent, onScreen(pane), markOf(this.labels, thing.label, pane.isDark), { halo, isChosen });
    }
  }

  dispose() {
    clearTimeout(this.timer);
    this.controller.abort();
  }
}

/** @param {Pane} pane @returns {(spot: [number, number]) => [number, number]} pixel of a place, in the copy of the world that is in view */
export function onScreen({ view }) {
  return ([x, y]) => view.toScreen(x + 360 * Math.round((view.x - x) / 360), y);
}

/** @param {any} feature @returns {Thing} */
function thingOf({ id, geometry, properties }) {
  const extent = extentOf(geometry, ([lon, lat]) => [lon, northing(lat)]);
  return { id, properties, extent, label: properties.label ?? words.found.unlabelled };
}

/** @param {{label: string, score: number, from: string, to: string}} wanted */
function queryOf({ label, score, from, to }) {
  const query = new URLSearchParams();
  if (label) query.set("label", label);
  if (score > 0) query.set("score_min", String(score));
  if (from || to) query.set("datetime", `${from || ".."}/${to || ".."}`);
  return query.size ? `&${query}` : "";
}

/**
 * What one chooses things by; it stays while the list of layers is made anew around it.
 * @param {State} state
 */
function filterForm(state) {
  const text = words.found;
  const wanted = () => state.get("found");
  const set = (/** @type {any} */ changes) => state.set({ found: { ...wanted(), ...changes } });
  const label = make("select", { "data-layer": "found:label", onchange: () => set({ label: label.value }) });
  const output = make("output", { class: "number" });
  const score = make("input", { type: "range", min: 0, max: 1, step: 0.05, "data-layer": "found:score", oninput: () => tell(), onchange: () => set({ score: Number(score.value) }) });
  const tell = () => {
    output.textContent = text.least(Number(score.value));
  };
  const day = (/** @type {"from" | "to"} */ key) => make("input", {
    type: "date", "data-layer": `found:${key}`,
    onchange: (/** @type {Event} */ event) => set({ [key]: /** @type {HTMLInputElement} */ (event.target).value }),
  });
  const [from, to] = [day("from"), day("to")];
  /** @type {string[]} */
  let offered = [];
  const show = () => {
    const { label: chosen, score: least } = wanted();
    const all = [...new Set([...offered, ...(chosen ? [chosen] : [])])].sort();
    label.replaceChildren(make("option", { value: "" }, text.all), ...all.map((each) => make("option", { value: each }, each)));
    label.value = chosen;
    score.value = String(least);
    from.value = wanted().from;
    to.value = wanted().to;
    tell();
  };
  state.subscribe(["found"], show);
  show();
  const field = (/** @type {string} */ name, /** @type {HTMLElement} */ input, /** @type {HTMLElement | null} */ more = null) =>
    make("label", { class: "field" }, make("span", {}, name, " ", more), input);
  const root = make("div", { class: "found-filter", role: "group", "aria-label": text.filter },
    field(text.label, label), field(text.score, score, output), field(text.from, from), field(text.to, to));
  return Object.assign(root, {
    /** @param {string[]} labels that there are */
    offer(labels) {
      offered = labels;
      show();
    },
  });
}
