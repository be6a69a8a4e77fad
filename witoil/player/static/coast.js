// Land and its coast.

import { decoded } from "./payload.js";

/**
 * @typedef {import("./payload.js").Table} Table
 * @typedef {import("./payload.js").Scale} Scale
 * @typedef {import("./view.js").View} View
 * @typedef {import("./palette.js").Ground} Ground
 */

export class Coast {
  /**
   * @param {{x: Scale, y: Scale, most: number}} header
   * @param {Map<string, Table>} tables
   */
  constructor(header, tables) {
    const xs = /** @type {Table} */ (tables.get("coast_x")).data;
    const ys = /** @type {Table} */ (tables.get("coast_y")).data;
    const sizes = /** @type {Table} */ (tables.get("coast_sizes")).data;
    this.land = new Path2D();
    this.line = new Path2D();
    let start = 0;
    for (const size of sizes) {
      this.#add(header, xs.subarray(start, start + size), ys.subarray(start, start + size));
      start += size;
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {View} view @param {Ground} colours */
  drawLand(context, view, colours) {
    this.#inProjection(context, view, () => {
      context.fillStyle = colours.land;
      context.fill(this.land, "evenodd");
    });
  }

  /** @param {CanvasRenderingContext2D} context @param {View} view @param {Ground} colours */
  drawLine(context, view, colours) {
    this.#inProjection(context, view, () => {
      context.strokeStyle = colours.coast;
      context.lineWidth = 1 / view.scale;
      context.lineJoin = "round";
      context.stroke(this.line);
    });
  }

  /**
   * @param {{x: Scale, y: Scale, most: number}} header
   * @param {import("./payload.js").Numbers} xs
   * @param {import("./payload.js").Numbers} ys
   */
  #add(header, xs, ys) {
    const onEdge = (/** @type {number} */ n) => n === 0 || n === header.most;
    for (let k = 0; k < xs.length; k += 1) {
      const place = /** @type {[number, number]} */ ([decoded(header.x, xs[k]), decoded(header.y, ys[k])]);
      if (k === 0) this.land.moveTo(...place);
      else this.land.lineTo(...place);
      // where land was cut to the box there is no coast
      const cut = k > 0 && ((xs[k] === xs[k - 1] && onEdge(xs[k])) || (ys[k] === ys[k - 1] && onEdge(ys[k])));
      if (k === 0 || cut) this.line.moveTo(...place);
      else this.line.lineTo(...place);
    }
    this.land.closePath();
  }

  /** @param {CanvasRenderingContext2D} context @param {View} view @param {() => void} draw */
  #inProjection(context, view, draw) {
    context.save();
    context.translate(view.width / 2, view.height / 2);
    context.scale(view.scale, -view.scale);
    context.translate(-view.x, -view.y);
    draw();
    context.restore();
  }
}
