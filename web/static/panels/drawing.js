// Drawing a slick, a point, a line or a ship's track: the map hands over places, this makes them part of the case.

import { element, make } from "../dom.js";
import { released } from "./case.js";
import { bring, use } from "./uploads.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */
/** @typedef {"slick" | "point" | "line" | "ship"} Tool */
/** @typedef {[number, number]} Place longitude and latitude [degrees] */

const { left: text } = words;
const LEAST = /** @type {Record<Tool, number>} */ ({ slick: 3, point: 1, line: 2, ship: 2 });

/**
 * Return what is drawn so far as GeoJSON, the place under the pointer with it.
 * @param {Tool} tool @param {Place[]} places @param {Place | null} [under]
 */
export function sketch(tool, places, under = null) {
  const all = under && places.length && tool !== "point" ? [...places, under] : places;
  const features = all.map((place) => feature({ type: "Point", coordinates: place }, { role: "corner" }));
  if (tool === "slick" && all.length > 2) features.push(feature({ type: "Polygon", coordinates: [[...all, all[0]]] }, { role: "slick" }));
  else if (all.length > 1) features.push(feature({ type: "LineString", coordinates: all }, { role: tool }));
  return { type: "FeatureCollection", active: true, tool, placed: places.length, features };
}

/** @param {any} geometry @param {any} properties */
function feature(geometry, properties) {
  return { type: "Feature", geometry, properties };
}

/**
 * Have somebody draw on a map: clicks and keys that it has heard are places and what to do with them.
 * @param {any} map of MapLibre @param {State} state
 * @returns {Drawing}
 */
export function drawOn(map, state) {
  const drawing = new Drawing(state);
  const canvas = map.getCanvas();
  const placeOf = (/** @type {any} */ { lngLat }) => /** @type {Place} */ ([lngLat.lng, lngLat.lat]);
  map.on("click", (/** @type {any} */ event) => drawing.add(placeOf(event)));
  map.on("mousemove", (/** @type {any} */ event) => drawing.move(placeOf(event)));
  map.on("dblclick", (/** @type {any} */ event) => {
    if (!drawing.tool) return;
    event.preventDefault(); // no zoom
    void drawing.finish();
  });
  state.subscribe(["tool"], () => {
    canvas.classList.toggle("drawing", Boolean(drawing.tool));
    if (drawing.tool) canvas.focus();
  });
  element("map").append(guide(drawing, state));
  const keys = /** @type {Record<string, () => void>} */ ({
    Enter: () => (drawing.isEnough ? void drawing.finish() : drawing.add(placeOf({ lngLat: map.getCenter() }))),
    " ": () => drawing.add(placeOf({ lngLat: map.getCenter() })),
    Backspace: () => drawing.undo(),
    Escape: () => drawing.cancel(),
  });
  canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (!drawing.tool || !keys[event.key]) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // the map reads and plays by the same keys
    keys[event.key]();
  }, true);
  return drawing;
}

/** What somebody draws. */
export class Drawing {
  /** @param {State} state */
  constructor(state) {
    this.state = state;
    /** @type {Place[]} */
    this.places = [];
    state.subscribe(["tool"], () => {
      this.places = [];
      this.show();
    });
  }

  /** @returns {Tool | null} */
  get tool() {
    return this.state.get("tool");
  }

  /** @param {Place} place */
  add([lon, lat]) {
    if (!this.tool) return;
    const longitude = lon - 360 * Math.round(lon / 360);
    const [x, y] = this.places[this.places.length - 1] ?? [];
    if (x === round(longitude) && y === round(lat)) return; // the second click of two
    this.places = [...this.places, [round(longitude), round(lat)]];
    this.show();
    if (this.tool === "point") void this.finish();
  }

  /** @param {Place | null} place under the pointer */
  move(place) {
    if (this.tool && this.places.length) this.show(place && [round(place[0]), round(place[1])]);
  }

  /** Take the last place back. */
  undo() {
    this.places = this.places.slice(0, -1);
    this.show();
  }

  cancel() {
    this.state.set({ tool: null });
  }

  /** @param {Place | null} [under] */
  show(under = null) {
    this.state.set({ drawn: this.tool ? sketch(this.tool, this.places, under) : null });
  }

  /** @returns {boolean} whether there are places enough */
  get isEnough() {
    return Boolean(this.tool) && this.places.length >= LEAST[/** @type {Tool} */ (this.tool)];
  }

  /** Make what was drawn part of the case. */
  async finish() {
    const { tool, places } = this;
    if (!tool || !this.isEnough) return;
    this.state.set({ tool: null });
    const form = this.state.get("case");
    if (tool === "slick") await this.#finishSlick(places);
    else if (tool === "point") this.state.set({ case: released(form, { kind: "point", lon: places[0][0], lat: places[0][1] }) });
    else if (tool === "line") this.state.set({ case: released(form, { kind: "line", coordinates: places }) });
    else this.state.set({ case: released(form, { kind: "ship", track: track(places, form.time.start) }) });
  }

  /** @param {Place[]} places */
  async #finishSlick(places) {
    const document = { type: "FeatureCollection", features: [feature({ type: "Polygon", coordinates: [[...places, places[0]]] }, {})] };
    const number = this.state.get("uploads").filter((/** @type {any} */ each) => /^drawn-/.test(each.name)).length + 1;
    const file = new File([JSON.stringify(document)], `drawn-${number}.geojson`, { type: "application/geo+json" });
    try {
      const upload = await bring(file, "mask");
      this.state.set({ uploads: [upload, ...this.state.get("uploads")] });
      use(this.state, upload);
    } catch (problem) {
      this.state.set({ undrawn: /** @type {Error} */ (problem).message });
    }
  }
}

const HOUR = 3600_000;

/** @param {Place[]} places @param {string} start @returns {{time: string, lon: number, lat: number}[]} an hour apart, to be set right */
function track(places, start) {
  const first = start ? Date.parse(start) : Math.floor(Date.now() / HOUR) * HOUR;
  return places.map(([lon, lat], k) => ({ time: new Date(first + k * HOUR).toISOString().replace(".000Z", "Z"), lon, lat }));
}

/** @param {number} degrees */
function round(degrees) {
  return Math.round(degrees * 1e5) / 1e5;
}

/** On the map: what to do while one draws, and buttons for those without keys. @param {Drawing} drawing @param {State} state */
function guide(drawing, state) {
  const hint = make("p", { role: "status" });
  const done = make("button", { type: "button", id: "draw-done", class: "small", onclick: () => void drawing.finish() }, text.done);
  const cancel = make("button", { type: "button", id: "draw-cancel", class: "small quiet", onclick: () => drawing.cancel() }, text.cancel);
  const root = make("div", { class: "float draw-guide stack tight" }, hint, make("div", { class: "row" }, done, cancel));
  const show = () => {
    const { tool } = drawing;
    root.hidden = !tool;
    if (tool && hint.textContent !== text.drawing[tool]) hint.textContent = text.drawing[tool];
    done.hidden = tool === "point"; // one place is all of it
    done.disabled = !drawing.isEnough;
  };
  state.subscribe(["tool", "drawn"], show);
  show();
  return root;
}

/**
 * The buttons that begin to draw.
 * @param {State} state
 */
export function drawBar(state) {
  const tools = /** @type {Tool[]} */ (Object.keys(text.tools));
  const begin = (/** @type {Tool} */ tool) => {
    state.set({ tool: state.get("tool") === tool ? null : tool, undrawn: "" });
  };
  const buttons = tools.map((tool) => make("button", { type: "button", id: `draw-${tool}`, onclick: () => begin(tool) }, text.tools[tool]));
  const fault = make("p", { class: "error", role: "alert" });
  /** @type {Tool | null} */
  let before = null;
  const show = () => {
    const tool = state.get("tool");
    buttons.forEach((button, k) => button.setAttribute("aria-pressed", String(tools[k] === tool)));
    fault.textContent = state.get("undrawn");
    if (Boolean(tool) !== Boolean(before) && matchMedia("(max-width: 760px)").matches) state.set({ panels: { left: !tool, right: false } }); // the form lies over the map
    if (before && !tool) buttons[tools.indexOf(before)].focus(); // from where one came
    before = tool;
  };
  state.subscribe(["tool", "undrawn"], show);
  show();
  return make("section", { class: "stack tight", "aria-label": text.draw },
    make("div", { class: "row" }, make("span", {}, text.draw), ...buttons), fault);
}
