// What is drawn over the oil of a pane: degrees, slicks, coast, arrows, what is picked and measured.

import { distanceText } from "../player/format.js";
import { drawDegreeLabels, drawDegrees, drawPath, drawScaleBar, drawSources } from "../player/marks.js";
import { ramp } from "../player/palette.js";
import { greatestSpeed } from "./arrows.js";
import { lengthOf } from "./geodesic.js";
import { stroke } from "./things.js";

/**
 * @typedef {import("./pane.js").Pane} Pane
 * @typedef {import("./run.js").Ring} Ring
 * @typedef {import("../player/view.js").View} View
 */

/** As in reports: light ground, dark ground. */
const COLOURS = /** @type {const} */ ({
  observed: ["#e69f00", "#f2b01e"],
  simulated: ["#0072b2", "#5ab4ee"],
  both: ["#2b3743", "#e8edf1"],
});

/** Least mass of a class of coast [kg/km]: classes are a factor of ten apart. */
export const COAST_CLASSES = [0, 100, 1_000, 10_000, 100_000];

const ARROWS = /** @type {Record<string, [string, string]>} */ ({
  currents: ["#00664f", "#4fd1a8"],
  winds: ["#7a4a9e", "#c9a3e8"],
});
const LONGEST = 40; // pixels

/** @param {keyof typeof COLOURS} name @param {boolean} dark */
export function slickColour(name, dark) {
  return COLOURS[name][dark ? 1 : 0];
}

const COVER = /** @type {Record<string, string>} */ ({ observed: "8c", simulated: "8c", both: "cc" }); // how much of the ground areas hide, as CSS ends colours

/** @param {keyof typeof COLOURS} name @param {boolean} dark @returns {string} of an area, through which the ground is seen */
export function areaColour(name, dark) {
  return `${slickColour(name, dark)}${COVER[name]}`;
}

/** @param {string} name @param {boolean} dark */
export function arrowColour(name, dark) {
  return ARROWS[name][dark ? 1 : 0];
}

/** @param {Pane} pane */
export function drawMarks(pane) {
  const { view, colours, run } = pane;
  drawDegrees(cleared(pane.under, pane), view, colours);
  const context = cleared(pane.marks, pane);
  if (run) {
    drawSlicks(context, pane);
    if (pane.isOn("coast")) drawStretches(context, pane);
    for (const [name, arrows] of pane.arrows.shown) drawArrows(context, pane, name, arrows);
    drawSources(context, view, colours, inView(view, run.sources));
  }
  if (pane.isOn("detections")) pane.found.draw(context, pane);
  drawPicked(context, pane);
  drawMeasured(context, pane);
  drawDegreeLabels(context, view, colours);
  drawScaleBar(context, view, colours);
}

/** @param {HTMLCanvasElement} canvas @param {Pane} pane @returns {CanvasRenderingContext2D} */
function cleared(canvas, { density = 1, view }) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  return context;
}

/** @param {CanvasRenderingContext2D} context @param {Pane} pane */
function drawSlicks(context, pane) {
  const { run, now, view, isDark } = pane;
  if (!run) return;
  const observed = run.slicksAt(run.observed, now);
  const simulated = run.slicksAt(run.simulated, now);
  const rings = [observed, simulated].map(({ slicks }) => slicks.flatMap((slick) => slick.rings));
  if (pane.isOn("overlap") && sameTime(observed, simulated)) fillOverlap(context, rings.map((each) => pathOf(view, each)), isDark);
  const shown = /** @type {const} */ (["observed", "simulated"]);
  shown.forEach((name, k) => {
    if (!pane.isOn(name)) return;
    const { isNow } = [observed, simulated][k];
    context.setLineDash(isNow ? [] : [7, 5]); // dashed: of another time than the map shows
    stroke(context, borderOf(view, rings[k]), slickColour(name, isDark), pane.colours.halo, 2);
  });
  context.setLineDash([]);
}

/** @param {{slicks: {time: number}[]}} one @param {{slicks: {time: number}[]}} other */
function sameTime(one, other) {
  return one.slicks.length > 0 && one.slicks[0].time === other.slicks[0]?.time;
}

/** @param {CanvasRenderingContext2D} context @param {Path2D[]} paths observed, simulated @param {boolean} dark */
function fillOverlap(context, [observed, simulated], dark) {
  context.fillStyle = areaColour("observed", dark);
  context.fill(observed, "evenodd");
  context.fillStyle = areaColour("simulated", dark);
  context.fill(simulated, "evenodd");
  context.save();
  context.clip(observed, "evenodd");
  context.fillStyle = areaColour("both", dark);
  context.fill(simulated, "evenodd");
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {Pane} pane */
function drawStretches(context, pane) {
  const { run, view, isDark } = pane;
  const colours = ramp(COAST_CLASSES.length, isDark);
  context.lineCap = "round";
  for (const { path, kgPerKm } of run?.stretches ?? []) {
    const k = COAST_CLASSES.findLastIndex((least) => kgPerKm >= least);
    stroke(context, pathOf(view, path, false), colours[Math.max(k, 0)], pane.colours.halo, 5);
  }
  context.lineCap = "butt";
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Pane} pane
 * @param {string} name
 * @param {import("./arrows.js").Arrow[]} arrows
 */
function drawArrows(context, { view, isDark, colours }, name, arrows) {
  const most = greatestSpeed(name);
  const path = new Path2D();
  for (const { x, y, east, north } of arrows) {
    const speed = Math.hypot(east, north);
    if (!(speed > 0)) continue;
    const [left, top] = view.toScreen(x + 360 * Math.round((view.x - x) / 360), y);
    const length = Math.max((speed / most) * LONGEST, 5);
    addArrow(path, left, top, Math.atan2(-north, east), length);
  }
  stroke(context, path, arrowColour(name, isDark), colours.halo, 1.5);
}

/** @param {Path2D} path @param {number} x of its middle @param {number} y @param {number} angle @param {number} length */
export function addArrow(path, x, y, angle, length) {
  const [across, down] = [Math.cos(angle) * length, Math.sin(angle) * length];
  const [tipX, tipY] = [x + across / 2, y + down / 2];
  const head = Math.min(7, 0.5 * length);
  path.moveTo(x - across / 2, y - down / 2);
  path.lineTo(tipX, tipY);
  for (const turn of [2.6, -2.6]) {
    path.moveTo(tipX, tipY);
    path.lineTo(tipX + head * Math.cos(angle + turn), tipY + head * Math.sin(angle + turn));
  }
}

/** @param {CanvasRenderingContext2D} context @param {Pane} pane */
function drawPicked(context, pane) {
  const { picked, view, colours } = pane;
  if (!picked || picked.thing) return;
  const [at] = inView(view, [picked.at]);
  drawPath(context, view, colours, picked.path ? inView(view, picked.path) : [at], at);
}

/** @param {CanvasRenderingContext2D} context @param {Pane} pane */
function drawMeasured(context, { measured, view, colours }) {
  if (measured.length === 0) return;
  const places = inView(view, measured);
  context.setLineDash([2, 4]);
  stroke(context, pathOf(view, [measured], false), colours.seen, colours.halo, 2);
  context.setLineDash([]);
  for (const place of places) {
    const point = new Path2D();
    point.arc(...view.toScreen(...place), 4, 0, 2 * Math.PI);
    stroke(context, point, colours.seen, colours.halo, 2);
  }
  const [x, y] = view.toScreen(...places[places.length - 1]);
  context.font = "600 13px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.strokeStyle = colours.halo;
  context.lineWidth = 4;
  const text = distanceText(lengthOf(measured));
  context.strokeText(text, x + 8, y - 6);
  context.fillStyle = colours.seen;
  context.fillText(text, x + 8, y - 6);
}

/**
 * Return the border of areas. Files cut what lies across the antimeridian there; the cut is no border.
 * @param {View} view @param {Ring[]} rings @returns {Path2D} to be stroked
 */
export function borderOf(view, rings) {
  return pathOf(view, rings.flatMap(withoutCuts), false);
}

/** @param {Ring} ring closed @returns {Ring[]} its pieces between what lies along the antimeridian */
export function withoutCuts(ring) {
  const isCut = (/** @type {[number, number]} */ [x]) => Math.abs(x % 360) === 180;
  /** @type {Ring[]} */
  const pieces = [[]];
  ring.forEach((place, k) => {
    if (k > 0 && isCut(place) && isCut(ring[k - 1])) pieces.push([]);
    pieces[pieces.length - 1].push(place);
  });
  return pieces.filter((piece) => piece.length > 1);
}

/** @param {View} view @param {Ring[]} rings @param {boolean} [closed] */
export function pathOf(view, rings, closed = true) {
  const path = new Path2D();
  for (const ring of rings) {
    inView(view, ring).forEach((place, k) => {
      const at = view.toScreen(...place);
      if (k === 0) path.moveTo(...at);
      else path.lineTo(...at);
    });
    if (closed) path.closePath();
  }
  return path;
}

/**
 * Return places in the copy of the world that is in view: the first as near to its middle as can be, each
 * later one as near to the one before, so that a line over the antimeridian does not go round the world.
 * @param {View} view @param {Ring} places in the projection; those that are unknown stay so @returns {Ring}
 */
export function inView(view, places) {
  let before = view.x;
  return places.map(([x, y]) => {
    const turned = x + 360 * Math.round((before - x) / 360);
    if (Number.isFinite(turned)) before = turned;
    return [turned, y];
  });
}
