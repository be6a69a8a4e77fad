// The map: everything that is drawn on the canvas, in order.

import { Coast } from "./coast.js";
import { Layer } from "./layer.js";
import {
  drawDegreeLabels, drawDegrees, drawNorth, drawOutline, drawPath, drawScaleBar, drawSources,
} from "./marks.js";
import { northing } from "./mercator.js";
import { colourOf, ground } from "./palette.js";
import { Particles } from "./particles.js";
import { View } from "./view.js";

/**
 * @typedef {import("./payload.js").Table} Table
 * @typedef {import("./view.js").Box} Box
 * @typedef {{step: number, part: number, show: string, hidden: Set<number>, picked: number,
 *   seen: boolean, dark: boolean}} Picture what the map shows
 * @typedef {{time: number, name: string, rings: [number, number][][]}} Seen
 */

export class SlickMap {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {any} header
   * @param {Map<string, Table>} tables
   */
  constructor(canvas, header, tables) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.header = header;
    this.view = new View(inProjection(header.view), inProjection(header.surroundings));
    this.coast = new Coast(header.coast, tables);
    this.particles = header.particles && new Particles(header.particles, tables, header.times);
    this.layers = new Map(
      header.layers.map((/** @type {any} */ each) => [
        each.name,
        new Layer(each, /** @type {Table} */ (tables.get(`layer_${each.name}`))),
      ]),
    );
    const count = this.particles?.count ?? 0;
    this.placed = { x: new Float32Array(count), y: new Float32Array(count) };
  }

  /** Take the size that the page gives the canvas. */
  fit() {
    const { clientWidth, clientHeight } = this.canvas;
    const dots = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * dots);
    this.canvas.height = Math.round(clientHeight * dots);
    this.dots = dots;
    this.view.resize(clientWidth, clientHeight);
  }

  /** @param {Picture} picture */
  draw(picture) {
    const { context, view } = this;
    const colours = ground(picture.dark);
    context.setTransform(this.dots ?? 1, 0, 0, this.dots ?? 1, 0, 0);
    this.#drawSea(colours);
    const layer = this.layers.get(picture.show);
    if (layer) layer.draw(context, view, picture.step, picture.dark);
    // cells are coarser than the coast, and oil afloat ends at it
    this.coast.drawLand(context, view, colours);
    this.coast.drawLine(context, view, colours);
    if (!layer && this.particles) this.#drawParticles(picture);
    drawSources(context, view, colours, this.header.sources);
    if (picture.seen) {
      for (const each of this.seenAt(picture.step)) drawOutline(context, view, colours, each.rings);
    }
    if (picture.picked >= 0) this.#drawPicked(picture, colours);
    drawDegreeLabels(context, view, colours);
    drawScaleBar(context, view, colours);
    drawNorth(context, view, colours);
  }

  /** @param {number} step @returns {Seen[]} the slicks seen at an output, or nearer to it than to others */
  seenAt(step) {
    return this.header.seen.filter((/** @type {Seen} */ each) => stepOf(this.header.times, each.time) === step);
  }

  /** @param {import("./palette.js").Ground} colours */
  #drawSea(colours) {
    const { context, view } = this;
    context.fillStyle = colours.beyond;
    context.fillRect(0, 0, view.width, view.height);
    const [west, south, east, north] = view.limits;
    const [left, top] = view.toScreen(west, north);
    const [right, bottom] = view.toScreen(east, south);
    context.fillStyle = colours.sea;
    context.fillRect(left, top, right - left, bottom - top);
    drawDegrees(context, view, colours);
  }

  /** @param {Picture} picture */
  #drawParticles(picture) {
    const { context, view, particles } = this;
    const { x, y } = this.placed;
    particles.place(picture.step, picture.part, x, y);
    const start = picture.step * particles.count;
    const many = particles.count > 5000;
    const side = many ? 2 : 3;
    // what is on the shore is little and matters much: larger, and last
    const order = [...particles.about.statuses].sort((a, b) => rank(a.name) - rank(b.name));
    for (const { code, name } of order) {
      if (name === "unreleased" || picture.hidden.has(code)) continue;
      const size = name === "beached" ? side + 2 : side;
      context.globalAlpha = many && name !== "beached" ? 0.5 : 1; // where they lie close is darker
      context.fillStyle = colourOf(name, picture.dark);
      for (let k = 0; k < particles.count; k += 1) {
        if (particles.status[start + k] !== code || x[k] !== x[k]) continue;
        const left = (x[k] - view.x) * view.scale + view.width / 2;
        const top = (view.y - y[k]) * view.scale + view.height / 2;
        if (left < -size || top < -size || left > view.width + size || top > view.height + size) continue;
        context.fillRect(left - size / 2, top - size / 2, size, size);
      }
    }
    context.globalAlpha = 1;
  }

  /** @param {Picture} picture @param {import("./palette.js").Ground} colours */
  #drawPicked(picture, colours) {
    const { particles } = this;
    const places = /** @type {[number, number][]} */ ([]);
    for (let step = 0; step < this.header.times.length; step += 1) {
      const k = step * particles.count + picture.picked;
      places.push([particles.x[k], particles.y[k]]);
    }
    drawPath(this.context, this.view, colours, places, places[picture.step]);
  }
}

const ORDER = ["evaporated", "left_domain", "sunk", "submerged", "afloat", "beached"];

/** @param {string} name of a status */
function rank(name) {
  return ORDER.indexOf(name);
}

/** @param {Box} box in degrees @returns {Box} */
function inProjection([west, south, east, north]) {
  return [west, northing(south), east, northing(north)];
}

/**
 * Return the number of the output nearest to a time; -1 where it is farther off than they lie apart.
 * @param {number[]} times rising
 * @param {number} time
 */
export function stepOf(times, time) {
  const k = nearestStep(times, time);
  const apart = Math.max(times[k] - (times[k - 1] ?? times[k]), (times[k + 1] ?? times[k]) - times[k]);
  return Math.abs(times[k] - time) <= apart / 2 ? k : -1;
}

/** @param {number[]} times rising @param {number} time */
export function nearestStep(times, time) {
  let best = 0;
  for (let k = 1; k < times.length; k += 1) {
    if (Math.abs(times[k] - time) < Math.abs(times[best] - time)) best = k;
  }
  return best;
}
