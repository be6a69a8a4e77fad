// Arrows of currents and winds: asked for where the map looks, at the time that it shows.

import { northing } from "../player/mercator.js";
import { askJson } from "./api.js";
import { boundsOf } from "./bounds.js";
import { words } from "./words.js";

/**
 * @typedef {{x: number, y: number, east: number, north: number}} Arrow metres a second, in the projection
 * @typedef {import("../player/view.js").View} View
 */

const APART = 56; // pixels
const PAUSE = 250; // milliseconds without change, after which they are asked for

/** Those of all maps: the same length has to be the same speed on each. @type {Set<Arrows>} */
const all = new Set();

/**
 * Return the speed for which an arrow is longest: a round one that none of those shown is beyond.
 * @param {string} name
 * @returns {number} metres a second
 */
export function greatestSpeed(name) {
  let most = 0;
  for (const { shown } of all) {
    for (const { east, north } of shown.get(name) ?? []) most = Math.max(most, Math.hypot(east, north));
  }
  if (most === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5].find((n) => n * power >= most) ?? 10) * power;
}

export class Arrows {
  /** @param {() => void} onArrival */
  constructor(onArrival) {
    this.onArrival = onArrival;
    all.add(this);
    /** @type {Map<string, Arrow[]>} */
    this.shown = new Map();
    /** @type {Map<string, string>} why there are none */
    this.problems = new Map();
    this.asked = "";
    this.timer = 0;
    this.controller = new AbortController();
  }

  /**
   * Have those of a run ready that are wanted.
   * @param {import("./run.js").Run} run
   * @param {string[]} names
   * @param {View} view
   * @param {number} now
   */
  want(run, names, view, now) {
    this.problems.forEach((_, name) => names.includes(name) || this.problems.delete(name));
    for (const name of this.shown.keys()) if (!names.includes(name)) this.shown.delete(name);
    const bounds = boundsOf(view);
    const time = new Date(now).toISOString().replace(/\.\d+/, "");
    const key = names.length ? `${run.id} ${names} ${bounds} ${time}` : "";
    if (key === this.asked) return;
    this.asked = key;
    clearTimeout(this.timer);
    this.controller.abort();
    this.controller = new AbortController();
    if (!key) return;
    const count = Math.min(Math.ceil((view.width * view.height) / APART ** 2), 400);
    const { signal } = this.controller;
    this.timer = window.setTimeout(() => {
      for (const name of names) {
        askJson(`jobs/${run.id}/fields/${name}?bbox=${bounds}&time=${time}&count=${count}`, { signal })
          .then((answer) => {
            this.shown.set(name, arrowsOf(answer));
            if (answer.vectors.length) this.problems.delete(name);
            else this.problems.set(name, words.noNodes);
            this.onArrival();
          })
          .catch((error) => {
            if (error.name === "AbortError") return;
            this.shown.delete(name);
            this.problems.set(name, error.message);
            this.onArrival();
          });
      }
    }, PAUSE);
  }

  dispose() {
    all.delete(this);
    clearTimeout(this.timer);
    this.controller.abort();
  }
}

/** @param {any} answer @returns {Arrow[]} */
function arrowsOf(answer) {
  return answer.vectors.map((/** @type {any} */ each) => ({ x: each.lon, y: northing(each.lat), east: each.east, north: each.north }));
}
