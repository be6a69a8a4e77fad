// Particles: where they are at a time, which one lies under a pointer, what is known of it.

import { decoded } from "./payload.js";

/**
 * @typedef {import("./payload.js").Table} Table
 * @typedef {import("./payload.js").Scale} Scale
 * @typedef {import("./view.js").View} View
 * @typedef {{code: number, name: string, label: string}} Status
 * @typedef {{count: number, of: number, missing: number, scales: Record<string, Scale>, statuses: Status[]}} About
 */

const UNRELEASED = 0;

export class Particles {
  /**
   * @param {About} about
   * @param {Map<string, Table>} tables
   * @param {number[]} times milliseconds since 1970
   */
  constructor(about, tables, times) {
    this.about = about;
    this.times = times;
    this.count = about.count;
    this.status = /** @type {Table} */ (tables.get("status")).data;
    this.x = this.#values(tables, "x");
    this.y = this.#values(tables, "y");
    this.tables = tables;
  }

  /**
   * Place all particles at a time between two outputs; NaN where there is none.
   * @param {number} step the output before
   * @param {number} part 0 to 1, how far it is to the next
   * @param {Float32Array} x filled
   * @param {Float32Array} y filled
   */
  place(step, part, x, y) {
    const here = step * this.count;
    const next = part > 0 ? here + this.count : here;
    for (let k = 0; k < this.count; k += 1) {
      const x0 = this.x[here + k];
      const y0 = this.y[here + k];
      const x1 = this.x[next + k];
      // of one that is there at one end only, that end counts
      const goes = x1 === x1;
      x[k] = goes ? x0 + part * (x1 - x0) : x0;
      y[k] = goes ? y0 + part * (this.y[next + k] - y0) : y0;
    }
  }

  /** @param {number} step @param {number} k @returns {Status} */
  statusAt(step, k) {
    const code = this.status[step * this.count + k];
    return this.about.statuses.find((each) => each.code === code)
      ?? { code, name: "unknown", label: `status ${code}` };
  }

  /** @param {number} step @returns {Map<number, number>} code of a status -> number of particles */
  counts(step) {
    const counts = new Map();
    const start = step * this.count;
    for (let k = start; k < start + this.count; k += 1) {
      counts.set(this.status[k], (counts.get(this.status[k]) ?? 0) + 1);
    }
    return counts;
  }

  /**
   * Return the number of the particle nearest to a place on the screen, or -1.
   * @param {View} view
   * @param {number} step
   * @param {[number, number]} at pixels
   * @param {number} reach pixels
   * @param {Set<number>} hidden codes of statuses
   */
  nearest(view, step, at, reach, hidden) {
    const [x, y] = view.fromScreen(...at);
    const start = step * this.count;
    let least = (reach / view.scale) ** 2;
    let found = -1;
    for (let k = 0; k < this.count; k += 1) {
      const square = (this.x[start + k] - x) ** 2 + (this.y[start + k] - y) ** 2;
      if (square <= least && !hidden.has(this.status[start + k])) {
        least = square;
        found = k;
      }
    }
    return found;
  }

  /** @param {"mass" | "z"} name @param {number} step @param {number} k @returns {number | null} */
  valueAt(name, step, k) {
    const table = this.tables.get(name);
    if (!table) return null;
    const number = table.data[step * this.count + k];
    return number === this.about.missing ? null : decoded(this.about.scales[name], number);
  }

  /**
   * Return between which hours a particle was released before an output; the first is null where
   * it was there from the start.
   * @param {number} step
   * @param {number} k
   * @returns {[number, number | null]} at least, at most
   */
  ageAt(step, k) {
    let first = 0;
    while (first < step && this.status[first * this.count + k] === UNRELEASED) first += 1;
    const hours = (/** @type {number} */ n) => (this.times[step] - this.times[n]) / 3.6e6;
    return [hours(first), first > 0 ? hours(first - 1) : null];
  }

  /** @param {Map<string, Table>} tables @param {string} name */
  #values(tables, name) {
    const numbers = /** @type {Table} */ (tables.get(name)).data;
    const scale = this.about.scales[name];
    const values = new Float32Array(numbers.length);
    for (let k = 0; k < numbers.length; k += 1) {
      values[k] = numbers[k] === this.about.missing ? NaN : decoded(scale, numbers[k]);
    }
    return values;
  }
}
