// The answer of a model: drawn on the file that it was asked about, listed, and to be kept.

import { ground } from "../../player/palette.js";
import { make } from "../dom.js";
import { svg, lineChart } from "../panels/charts.js";
import { boxOf, drawThing, extentOf, markOf, thingAt } from "../things.js";
import { words } from "./words.js";

/**
 * @typedef {import("../state.js").State} State
 * @typedef {{number: number, label: string, score: number | null, properties: any, extent: import("../things.js").Extent, isDrawn: boolean}} Thing
 * @typedef {{name: string, unit: string, seconds: number[] | null, values: (number | null)[]}} Series
 */

const MOST_ROWS = 500;
const MOST_POINTS = 400;
const MOST_CHARTS = 3;

export class Answer {
  /** @param {HTMLElement} root @param {State} state */
  constructor(root, state) {
    this.root = root;
    this.state = state;
    /** @type {string[]} addresses of what is shown of a file */
    this.addresses = [];
    this.least = 0;
    this.chosen = -1;
    const draw = () => this.draw?.();
    state.subscribe(["dark"], draw);
    new ResizeObserver(draw).observe(root);
  }

  get isDark() {
    return this.state.get("dark");
  }

  /** Forget what is shown. */
  clear() {
    this.addresses.forEach((address) => URL.revokeObjectURL(address));
    this.addresses = [];
    this.chosen = -1;
    this.draw = undefined;
    this.root.replaceChildren();
  }

  /**
   * @param {File} file
   * @param {any} envelope
   * @param {() => Promise<string>} keep what puts it on the map; returns where
   */
  async show(file, envelope, keep) {
    this.clear();
    if (!envelope?.features) {
      this.root.replaceChildren(make("h2", {}, words.answer), make("pre", { class: "card" }, JSON.stringify(envelope, null, 2)), this.#save(file, envelope));
      return;
    }
    this.things = envelope.features.map(thingOf);
    this.labels = [...new Set(this.things.map((/** @type {Thing} */ { label }) => label))];
    const picture = await this.#picture(file);
    const list = make("div", { class: "things", tabindex: "0", role: "region", "aria-label": words.list });
    this.list = list;
    this.root.replaceChildren(
      make("h2", {}, words.answer),
      make("p", { role: "status", id: "summary" }, words.summary(this.things, this.labels)),
      ...[picture, sound(file, this.#address(file)), this.#legend(), timeline(this.things, this.labels, this.isDark), this.#filter(), list,
        ...charts(envelope.series), ...envelope.rasters.map(rasterTable),
        warningsOf(envelope.warnings), this.#save(file, envelope), envelope.crs ? this.#keep(keep) : make("p", { class: "hint" }, words.unplaced)].filter((part) => part !== null));
    this.#list();
    this.draw?.();
  }

  /** @param {Blob} content @returns {string} where the page finds it, until the next answer */
  #address(content) {
    const address = URL.createObjectURL(content);
    this.addresses.push(address);
    return address;
  }

  /** @param {File} file @returns {Promise<HTMLElement | null>} with all that is drawn, null where there is nothing to draw on */
  async #picture(file) {
    const drawn = this.things.filter((/** @type {Thing} */ { isDrawn }) => isDrawn);
    const bitmap = await decoded(file);
    if (!bitmap && !drawn.length) return null;
    const size = bitmap ? [bitmap.width, bitmap.height] : sizeOf(drawn);
    const canvas = make("canvas", { role: "img", "aria-label": words.picture(file.name, drawn.length), width: size[0], height: size[1] });
    const box = make("div", { class: "picture" }, canvas);
    const at = (/** @type {number} */ scale) => (/** @type {[number, number]} */ [x, y]) => /** @type {[number, number]} */ ([x * scale, y * scale]);
    this.draw = () => {
      const width = box.clientWidth || 600;
      const density = window.devicePixelRatio || 1;
      Object.assign(canvas, { width: width * density, height: ((width * size[1]) / size[0]) * density });
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      if (bitmap) context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      context.scale(density, density);
      const { halo } = ground(this.isDark);
      for (const thing of this.#shown()) if (thing.isDrawn) {
        drawThing(context, thing.extent, at(width / size[0]), markOf(this.labels, thing.label, this.isDark), { halo, isChosen: thing.number === this.chosen });
      }
    };
    canvas.addEventListener("click", (event) => {
      const things = this.#shown().filter(({ isDrawn }) => isDrawn);
      const thing = thingAt(things, [event.offsetX, event.offsetY], at(box.clientWidth / size[0]), 14);
      if (thing) this.#choose(thing.number);
    });
    if (bitmap) return box;
    return make("div", { class: "stack tight" }, box, make("p", { class: "hint" }, words.undrawn));
  }

  /** @returns {Thing[]} */
  #shown() {
    return this.things.filter((/** @type {Thing} */ { score }) => score === null || score >= this.least);
  }

  #legend() {
    const marks = this.labels.map((label) => {
      const { shape, colour } = markOf(this.labels, label, this.isDark);
      const mark = make("span", { class: `mark ${shape}`, "aria-hidden": "true" });
      mark.style.setProperty("--colour", colour);
      return make("li", {}, mark, label);
    });
    return this.things.some((/** @type {Thing} */ { isDrawn }) => isDrawn) ? make("ul", { class: "legend" }, ...marks) : null;
  }

  #filter() {
    this.least = 0;
    if (this.things.filter((/** @type {Thing} */ { score }) => score !== null).length < 2) return null;
    const output = make("output", { for: "least", class: "number" }, "0.00");
    const input = make("input", { type: "range", id: "least", min: 0, max: 1, step: 0.01, value: 0, oninput: () => {
      this.least = Number(input.value);
      output.textContent = this.least.toFixed(2);
      this.#list();
      this.draw?.();
    } });
    return make("div", { class: "field" }, make("label", { for: "least" }, words.least, " ", output), input);
  }

  #list() {
    const shown = this.#shown();
    const rows = shown.slice(0, MOST_ROWS).map((thing) => this.#row(thing));
    this.list?.replaceChildren(make("table", { class: "number" },
      make("thead", {}, make("tr", {}, ...words.columns.map((title) => make("th", { scope: "col" }, title)))),
      make("tbody", {}, ...rows)), shown.length > MOST_ROWS ? make("p", { class: "hint" }, words.moreRows(MOST_ROWS, shown.length)) : "");
  }

  /** @param {Thing} thing */
  #row(thing) {
    const { number, label, score, properties } = thing;
    const button = thing.isDrawn ? make("button", { type: "button", class: "link", onclick: () => this.#choose(number) }, label) : label;
    const others = Object.entries(properties.scores ?? {}).filter(([name]) => name !== label);
    return make("tr", { "aria-selected": String(number === this.chosen), "data-thing": number },
      make("td", {}, button, ...others.map(([name]) => make("span", { class: "hint block" }, name)), measuresOf(properties, this.things.length === 1)),
      make("td", {}, scoreText(score), ...others.map(([, value]) => make("span", { class: "hint block" }, scoreText(/** @type {number} */ (value))))),
      make("td", {}, words.when(properties)));
  }

  /** @param {number} number */
  #choose(number) {
    this.chosen = number;
    this.list?.querySelectorAll("tr[data-thing]").forEach((row) => row.setAttribute("aria-selected", String(Number(/** @type {HTMLElement} */ (row).dataset.thing) === number)));
    this.list?.querySelector('tr[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
    this.draw?.();
  }

  /** @param {File} file @param {any} envelope */
  #save(file, envelope) {
    const address = this.#address(new Blob([JSON.stringify(envelope, null, 1)], { type: "application/json" }));
    return make("p", {}, make("a", { href: address, download: `${file.name}.json` }, words.save));
  }

  /** @param {() => Promise<string>} keep */
  #keep(keep) {
    const fault = make("p", { class: "error", role: "alert" });
    const button = make("button", { type: "button", id: "keep", onclick: async () => {
      button.disabled = true;
      try {
        button.replaceWith(make("a", { class: "button", id: "on-map", href: await keep() }, words.onMap));
      } catch (error) {
        button.disabled = false;
        fault.textContent = /** @type {Error} */ (error).message;
      }
    } }, words.keep);
    return make("div", { class: "row" }, button, fault);
  }
}

/** @param {any} feature @param {number} number @returns {Thing} */
function thingOf({ properties }, number) {
  const extent = extentOf(properties.pixel, ([x, y]) => [x, y]);
  const isDrawn = Boolean(extent.rings.length || extent.lines.length || extent.places.length);
  return { number, extent, isDrawn, properties, label: properties.label ?? words.unlabelled, score: properties.score ?? null };
}

const ELSEWHERE = ["file", "frame", "time", "label", "score", "scores", "pixel", "start_s", "end_s", "track"];

/** What a model measured of a thing, name by name. @param {any} properties @param {boolean} isOpen */
function measuresOf(properties, isOpen) {
  const found = Object.entries(properties).filter(([name]) => !ELSEWHERE.includes(name)).flatMap(([name, value]) => leavesOf(name, value));
  if (!found.length) return "";
  return make("details", { class: "measures", open: isOpen }, make("summary", {}, words.measures(found.length)),
    make("dl", {}, ...found.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text)))));
}

/** @param {string} name @param {any} value @returns {[string, string][]} without long lists, which the saved answer has */
function leavesOf(name, value) {
  if (value === null || Array.isArray(value)) return [];
  if (typeof value === "object") return Object.entries(value).flatMap(([key, each]) => leavesOf(`${name} ${key}`, each));
  return [[name, typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value)]];
}

/** @param {number | null} score */
function scoreText(score) {
  return score === null ? "–" : score.toFixed(3);
}

/** @param {File} file @returns {Promise<ImageBitmap | null>} upright, null where the browser cannot read it */
async function decoded(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}

/** @param {Thing[]} things @returns {[number, number]} width and height that hold them all */
function sizeOf(things) {
  const boxes = things.map(({ extent }) => boxOf(extent));
  return [Math.max(...boxes.map((box) => box[2])) * 1.05, Math.max(...boxes.map((box) => box[3])) * 1.05];
}

/** @param {File} file @param {string} address */
function sound(file, address) {
  if (!/\.(wav|flac|ogg)$/i.test(file.name)) return null;
  return make("audio", { controls: true, src: address, "aria-label": file.name });
}

/** When what was heard, a row for each label. @param {Thing[]} things @param {string[]} labels @param {boolean} dark */
function timeline(things, labels, dark) {
  const timed = things.filter(({ properties }) => properties.end_s !== undefined);
  if (!timed.length) return null;
  const end = Math.max(...timed.map(({ properties }) => properties.end_s));
  const bars = timed.map(({ label, properties: { start_s: from = 0, end_s: to } }) => svg("rect", {
    x: (300 * from) / end, width: Math.max((300 * (to - from)) / end, 1), y: 18 * labels.indexOf(label) + 3, height: 6, fill: markOf(labels, label, dark).colour,
  }));
  const names = labels.map((label, k) => svg("text", { x: 0, y: 18 * k + 17 }, label));
  return make("figure", { class: "figure" },
    /** @type {any} */ (svg("svg", { viewBox: `0 0 300 ${18 * labels.length + 4}`, class: "chart", role: "img", "aria-label": words.timeline(end) }, ...bars, ...names)),
    make("figcaption", { class: "hint" }, words.timeline(end)));
}

/** Charts of what changes over time: the first ones, and the others folded. @param {Series[]} series */
function charts(series) {
  const found = series.map(seriesChart).filter((chart) => chart !== null);
  const others = found.splice(MOST_CHARTS);
  return others.length ? [...found, make("details", { class: "stack" }, make("summary", {}, words.moreSeries(others.length)), ...others)] : found;
}

/** @param {Series} series */
function seriesChart({ name, unit, seconds, values }) {
  const every = Math.ceil(values.length / MOST_POINTS);
  /** @type {[number, number | null][]} */
  const points = [];
  for (let k = 0; k < values.length; k += every) {
    const part = values.slice(k, k + every).filter((value) => value !== null).map(Number);
    points.push([seconds ? seconds[k] : k, part.length ? Math.max(...part) : null]);
  }
  const known = points.map(([, value]) => value).filter((value) => value !== null).map(Number);
  if (known.length < 2) return null; // one value is no course
  const [least, most] = [Math.min(0, ...known), Math.max(...known) || 1];
  const last = points[points.length - 1][0] || 1;
  const tick = (/** @type {number} */ at) => ({ at, text: String(Number(at.toPrecision(3))) });
  const chart = lineChart({
    alt: words.series(name, least, most), x: { label: seconds ? "s" : "", ticks: [tick(points[0][0]), tick(last)] },
    y: { label: unit === "1" ? name : `${name} [${unit}]`, ticks: [tick(least), tick(most)] }, lines: [{ name: "run", label: name, points }],
  });
  return every > 1 ? make("div", {}, chart, make("p", { class: "hint" }, words.thinned(every))) : chart;
}

/** @param {any} raster */
function rasterTable({ name, shape, cells, unit }) {
  const all = shape[0] * shape[1];
  const counts = /** @type {[string, number][]} */ (Object.entries(cells));
  return make("table", { class: "number" }, make("caption", { class: "hint" }, words.raster(name, shape, unit)),
    make("tbody", {}, ...counts.map(([label, count]) => make("tr", {}, make("th", { scope: "row" }, label),
      make("td", {}, String(count)), make("td", {}, `${((100 * count) / all).toFixed(2)} %`)))));
}

/** @param {string[]} warnings */
function warningsOf(warnings) {
  return warnings.length ? make("ul", { class: "card" }, ...warnings.map((text) => make("li", {}, text))) : null;
}
