// How long particles have been out: classes of age, and what colours they have.

import { decoded } from "../player/payload.js";
import { channels, colourOf, ramp } from "../player/palette.js";

/**
 * @typedef {import("./steps.js").Step} Step
 * @typedef {import("./steps.js").Header} Header
 */

const FIRST_HOURS = [0, 1, 3, 6, 12, 24, 48, 96]; // of the classes

export const CLASSES = FIRST_HOURS.length;

/** @param {Header} header */
function scaleOf({ layout }) {
  return layout.columns.find(({ name }) => name === "age")?.scale;
}

/** @param {Header} header @returns {[number, number | undefined][]} from and to which hours the classes go that a run comes to */
export function rangesOf(header) {
  const scale = scaleOf(header);
  const oldest = scale ? decoded(scale, header.layout.missing - 1) : 0;
  return FIRST_HOURS.filter((hours) => hours === 0 || hours < oldest).map((hours, k) => [hours, FIRST_HOURS[k + 1]]);
}

/** @type {WeakMap<Step, Uint8Array>} */
const known = new WeakMap();

/** @param {Header} header @param {Step} step @returns {Uint8Array} the class of age of each particle */
export function classesOf(header, step) {
  const before = known.get(step);
  if (before) return before;
  const classes = new Uint8Array(step.x.length);
  const scale = scaleOf(header);
  if (scale?.kind === "linear") {
    const first = FIRST_HOURS.slice(1).map((hours) => hours / scale.step); // compared as they arrive
    for (let k = 0; k < classes.length; k += 1) {
      while (step.age[k] >= first[classes[k]]) classes[k] += 1;
    }
  }
  known.set(step, classes);
  return classes;
}

/** @param {Header} header @param {boolean} dark @returns {string[]} a colour for each class, the youngest first */
export function ageColours(header, dark) {
  return ramp(rangesOf(header).length, dark);
}

/**
 * Return the colour of each class of age, all the same where the status decides it.
 * @param {string} status
 * @param {import("./dots.js").Moment} moment
 * @returns {[number, number, number][]}
 */
export function paletteOf(status, { ageColours: colours, dark }) {
  return FIRST_HOURS.map((_, k) => channels(colours?.[k] ?? colourOf(status, dark)));
}
