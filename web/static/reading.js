// What is under the pointer: the place always, and what lies there when it is clicked.

import { capital } from "../player/legend.js";
import { distanceText, numberText, placeText, sideOf, timeText } from "../player/format.js";
import { northing } from "../player/mercator.js";
import { decoded } from "../player/payload.js";
import { askJson } from "./api.js";
import { affine } from "./dots.js";
import { onScreen } from "./found.js";
import { isWithin, thingAt } from "./things.js";
import { unitText } from "./units.js";
import { verdictField } from "./verdict.js";
import { words } from "./words.js";

/**
 * @typedef {import("./pane.js").Pane} Pane
 * @typedef {[number, number]} Spot
 * @typedef {{at: Spot, lines: string[], path?: Spot[], thing?: string, more?: HTMLElement | null}} Picked `at` and `path` in the projection, `thing` that a model has found
 */

const REACH = 14; // pixels round the pointer in which something is found

/** @param {{lon: number, lat: number}} place @returns {string} in degrees, and in degrees and minutes */
export function bothForms({ lon, lat }) {
  return `${placeText(lon, northing(lat))}  ·  ${minutes(lat, "N", "S")}, ${minutes(lon, "E", "W")}`;
}

/** @param {number} value @param {string} positive @param {string} negative */
export function minutes(value, positive, negative) {
  const hundredths = Math.round(Math.abs(value) * 6000); // so that 59.996 is no 60.00
  const text = ((hundredths % 6000) / 100).toFixed(2).padStart(5, "0");
  return `${Math.floor(hundredths / 6000)}° ${text}′${sideOf(hundredths / 6000, value < 0 ? negative : positive)}`;
}

/**
 * Read what lies at a place of the screen: a particle, coast with oil, a cell, a slick.
 * @param {Pane} pane
 * @param {Spot} spot pixels
 * @param {number} [reach] pixels
 * @returns {Promise<Picked>}
 */
export async function readAt(pane, spot, reach = REACH) {
  const found = foundAt(pane, spot, reach) ?? particleAt(pane, spot, reach) ?? stretchAt(pane, spot, reach);
  if (found) return found;
  const at = pane.view.fromScreen(...spot);
  const lines = (await cellAt(pane, spot)) ?? slickAt(pane, at) ?? [words.reading.nothing];
  return { at, lines: [...lines, placeText(...at)] };
}

/** @param {Pane} pane @param {Spot} spot @param {number} reach @returns {Picked | null} */
function foundAt(pane, spot, reach) {
  const thing = pane.isOn("detections") ? thingAt(pane.found.things, spot, onScreen(pane), reach) : null;
  if (!thing) return null;
  return { at: pane.view.fromScreen(...spot), lines: words.found.lines(thing), thing: thing.id, more: verdictField(pane, thing) };
}

/** @param {Pane} pane @param {Spot} spot @param {number} reach @returns {Picked | null} */
function particleAt(pane, [left, top], reach) {
  const steps = pane.run?.steps;
  const here = steps && pane.showsParticles ? steps.get(pane.moment.step) : null;
  if (!steps || !here) return null;
  const { header } = steps;
  const [across, down] = affine(header, pane.view);
  const { x, y, status } = here;
  let least = reach ** 2;
  let found = -1;
  for (let k = 0; k < x.length; k += 1) {
    if (x[k] === header.layout.missing || isHidden(pane, header.statuses[status[k]])) continue;
    const square = (across[0] * x[k] + across[1] - left) ** 2 + (down[0] * y[k] + down[1] - top) ** 2;
    if (square <= least) [least, found] = [square, k];
  }
  return found < 0 ? null : particle(pane, steps, here, found);
}

/** @param {Pane} pane @param {string} status */
function isHidden(pane, status) {
  return status === "unreleased" || pane.hidden.has(status);
}

/**
 * @param {Pane} pane
 * @param {import("./steps.js").Steps} steps
 * @param {import("./steps.js").Step} here
 * @param {number} k
 * @returns {Picked}
 */
function particle(pane, steps, here, k) {
  const { header } = steps;
  const value = valueOf(header, here, k);
  const name = header.statuses[here.status[k]];
  const at = /** @type {Spot} */ ([value("x"), value("y")]);
  const [mass, z, age] = [value("mass"), value("z"), value("age")];
  const lines = [
    capital(words.statuses[/** @type {keyof typeof words.statuses} */ (name)] ?? name),
    placeText(...at),
    mass !== null && words.reading.mass(massText(mass)),
    age !== null && words.reading.age(numberText(age)),
    z !== null && (z < -0.005 ? words.reading.depth(numberText(-z)) : words.reading.surface),
  ];
  const path = header.times.map((_, step) => steps.kept(step)).filter((step) => step !== null)
    .map((step) => valueOf(header, step, k))
    .map((one) => /** @type {Spot} */ ([one("x") ?? NaN, one("y") ?? NaN]));
  return { at, path, lines: lines.filter((line) => line !== false) };
}

/** @param {import("./steps.js").Header} header @param {import("./steps.js").Step} step @param {number} k */
function valueOf(header, step, k) {
  return (/** @type {string} */ name) => {
    const scale = header.layout.columns.find((column) => column.name === name)?.scale;
    if (!scale || step[name][k] === header.layout.missing) return /** @type {any} */ (null);
    return decoded(scale, step[name][k]);
  };
}

/** @param {Pane} pane @param {Spot} spot @param {number} reach @returns {Picked | null} */
function stretchAt(pane, [left, top], reach) {
  const { run, view } = pane;
  if (!run || !pane.isOn("coast")) return null;
  let least = reach;
  let found = null;
  for (const stretch of run.stretches) {
    for (const line of stretch.path) {
      for (let k = 1; k < line.length; k += 1) {
        const away = distanceTo([left, top], view.toScreen(...line[k - 1]), view.toScreen(...line[k]));
        if (away < least) [least, found] = [away, stretch];
      }
    }
  }
  if (!found) return null;
  const { reading: text } = words;
  return {
    at: view.fromScreen(left, top),
    lines: [
      text.stretch(distanceText(found.lengthM), found.shore),
      text.onStretch(massText(found.massKg), numberText(found.kgPerKm)),
      found.first !== null && text.first(found.first),
      found.probability !== null && text.members(found.probability),
    ].filter((line) => line !== false),
  };
}

/** @param {Spot} at @param {Spot} start @param {Spot} end @returns {number} pixels to a piece of a line */
function distanceTo([x, y], [x0, y0], [x1, y1]) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const part = Math.min(Math.max(((x - x0) * dx + (y - y0) * dy) / (dx ** 2 + dy ** 2 || 1), 0), 1);
  return Math.hypot(x - x0 - part * dx, y - y0 - part * dy);
}

/** @param {Pane} pane @param {Spot} spot @returns {Promise<string[] | null>} */
async function cellAt(pane, spot) {
  const raster = pane.run?.rasters.find(({ id }) => pane.isOn(`raster:${id}`));
  if (!pane.run || !raster) return null;
  const { lon, lat } = pane.placeAt(...spot);
  const answer = await askJson(pane.run.pointOf(raster, pane.now, lon, lat));
  if (answer.value === null || answer.value === undefined) return [words.reading.noCell(raster.title)];
  return [`${raster.title}: ${numberText(answer.value)} ${unitText(raster.unit)}`.trim()];
}

/** @param {Pane} pane @param {Spot} at @returns {string[] | null} */
function slickAt(pane, at) {
  const { run, now } = pane;
  if (!run) return null;
  const lines = /** @type {string[]} */ ([]);
  for (const kind of /** @type {const} */ (["observed", "simulated"])) {
    if (!pane.isOn(kind) && !pane.isOn("overlap")) continue;
    const { slicks, isNow } = run.slicksAt(run[kind], now);
    for (const slick of slicks) {
      if (isWithin(at, slick.rings)) lines.push(words.reading.slick(kind, slick), ...(isNow ? [] : [words.nearestTime(timeText(slick.time))]));
    }
  }
  return lines.length ? lines : null;
}

/** @param {number} kilograms */
function massText(kilograms) {
  return kilograms >= 1000 ? `${numberText(kilograms / 1000)} t` : `${numberText(kilograms)} kg`;
}
