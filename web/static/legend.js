// What stands for what on a pane, as data: the page lists it, and pictures have it written in.

import { percentages, timeText } from "../player/format.js";
import { capital } from "../player/legend.js";
import { colourOf, ramp } from "../player/palette.js";
import { ageColours, rangesOf } from "./ages.js";
import { areaColour, arrowColour, COAST_CLASSES, slickColour } from "./drawing.js";
import { greatestSpeed } from "./arrows.js";
import { markOf } from "./things.js";
import { unitText } from "./units.js";
import { words } from "./words.js";

/**
 * @typedef {import("./pane.js").Pane} Pane
 * @typedef {{shape: string, colour: string, text: string, status?: string, count?: string}} Entry
 * @typedef {{name: string, label: string, unit: string, entries: Entry[], hint?: string, form?: HTMLElement}} Group shapes of entries are those of `things.js`, "fill", "line", "arrow" and "none"
 */

const SINGLE = "raster:"; // of layers whose names begin so one is shown at a time

/** @param {Pane} pane @returns {Group[]} all layers that there are for its run */
export function layersOf(pane) {
  const { run } = pane;
  const base = pane.state.get("person")?.base_map;
  const groups = run ? [
    run.steps && { name: "particles", unit: "", entries: statusesOf(pane) },
    run.steps && age(pane, run.steps.header),
    run.observed.length && slick(pane, "observed", run.observed),
    run.simulated.length && slick(pane, "simulated", run.simulated),
    run.observed.length && run.simulated.length && overlap(pane, run),
    run.stretches.length && coast(pane),
    ...run.rasters.map((raster) => rasterGroup(pane, raster)),
    run.steps && arrows(pane, "currents"),
    run.steps && arrows(pane, "winds"),
  ] : [];
  return [...groups, !pane.state.get("shared") && found(pane), base && { name: "base", unit: "", entries: [] }]
    .filter(Boolean)
    .map((group) => ({ label: words.layers[/** @type {keyof typeof words.layers} */ (group.name)], ...group }));
}

/**
 * Return layers with one switched on or off.
 * @param {Record<string, boolean>} layers
 * @param {string} name
 * @param {boolean} on
 */
export function switched(layers, name, on) {
  const others = Object.entries(layers).filter(
    ([each]) => !(on && name.startsWith(SINGLE) && each.startsWith(SINGLE)));
  return { ...Object.fromEntries(others), [name]: on };
}

/** @param {Pane} pane @returns {Entry[]} of statuses that particles have at the output that is shown */
function statusesOf(pane) {
  const steps = pane.run?.steps;
  const here = steps?.get(pane.moment.step);
  if (!steps || !here) return [];
  const counts = countsOf(here);
  const there = Object.entries(steps.header.statuses).filter(([code, name]) => name !== "unreleased" && counts[Number(code)] > 0);
  const shares = percentages(there.map(([code]) => counts[Number(code)] / here.status.length));
  return there.map(([, name], k) => ({
    shape: pane.isOn("age") ? "none" : "dot", colour: colourOf(name, pane.isDark), status: name,
    text: capital(words.statuses[/** @type {keyof typeof words.statuses} */ (name)] ?? name), count: shares[k],
  }));
}

/** @param {Pane} pane @param {import("./steps.js").Header} header */
function age(pane, header) {
  const colours = ageColours(header, pane.isDark);
  return {
    name: "age", unit: "h",
    entries: rangesOf(header).map(([least, next], k) => ({
      shape: /** @type {const} */ ("dot"), colour: colours[k], text: words.between(least, next),
    })),
  };
}

/** @type {WeakMap<import("./steps.js").Step, Uint32Array>} */
const known = new WeakMap();

/** @param {import("./steps.js").Step} step @returns {Uint32Array} number of particles by code of their status */
function countsOf(step) {
  const before = known.get(step);
  if (before) return before;
  const counts = new Uint32Array(256);
  for (const code of step.status) counts[code] += 1;
  known.set(step, counts);
  return counts;
}

/** @param {Pane} pane @param {"observed" | "simulated"} name @param {import("./run.js").Slick[]} slicks */
function slick(pane, name, slicks) {
  const { isNow } = /** @type {import("./run.js").Run} */ (pane.run).slicksAt(slicks, pane.now);
  return {
    name, unit: "", hint: isNow ? undefined : words.dashed,
    entries: [{ shape: "line", colour: slickColour(name, pane.isDark), text: words.outline }],
  };
}

/** @param {Pane} pane @param {import("./run.js").Run} run */
function overlap(pane, run) {
  const names = /** @type {const} */ (["observed", "simulated", "both"]);
  const { slicks: [{ time }], isNow } = run.slicksAt(run.observed, pane.now);
  return {
    name: "overlap", unit: "", hint: isNow ? undefined : words.nearestTime(timeText(time)),
    entries: names.map((name) => ({ shape: "fill", colour: areaColour(name, pane.isDark), text: words.only[name] })),
  };
}

/** @param {Pane} pane */
function coast(pane) {
  const most = Math.max(...(pane.run?.stretches ?? []).map(({ kgPerKm }) => kgPerKm));
  const colours = ramp(COAST_CLASSES.length, pane.isDark);
  return {
    name: "coast", unit: "kg/km",
    entries: COAST_CLASSES.map((least, k) => ({
      shape: "line", colour: colours[k], text: words.between(least, COAST_CLASSES[k + 1]),
    })).filter((_, k) => COAST_CLASSES[k] <= most).reverse(),
    hint: pane.run?.stretches.some(({ probability }) => probability !== null) ? words.medianAtEnd : words.endOfRun,
  };
}

/** @param {Pane} pane @param {import("./run.js").Raster} raster */
function rasterGroup(pane, raster) {
  const { time, isNow } = /** @type {import("./run.js").Run} */ (pane.run).frameOf(raster, pane.now);
  return {
    name: `${SINGLE}${raster.id}`, label: raster.title, unit: unitText(raster.unit),
    hint: time && !isNow ? words.nearestTime(timeText(Date.parse(time))) : undefined,
    entries: raster.legend.map(({ colour, label }) => ({ shape: /** @type {const} */ ("fill"), colour, text: label })).reverse(),
  };
}

/** @param {Pane} pane @returns {Omit<Group, "label">} */
function found({ found: { things, labels, note, form }, isDark }) {
  const there = labels.filter((label) => things.some((thing) => thing.label === label));
  return {
    name: "detections", unit: "", hint: note, form,
    entries: there.map((label) => {
      const { shape, colour } = markOf(labels, label, isDark);
      return { shape, colour, text: words.found.entry(label, things.filter((thing) => thing.label === label).length) };
    }),
  };
}

/** @param {Pane} pane @param {"currents" | "winds"} name */
function arrows(pane, name) {
  const colour = arrowColour(name, pane.isDark);
  return { name, unit: "m/s", hint: pane.arrows.problems.get(name),
    // no scale is told before there is an arrow
    entries: pane.arrows.shown.get(name)?.length ? [{ shape: /** @type {const} */ ("arrow"), colour, text: words.arrow(greatestSpeed(name)) }] : [] };
}
