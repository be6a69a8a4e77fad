// What a map shows, as requests have it.

import { latitudeOf } from "../player/mercator.js";

/** @param {import("../player/view.js").View} view @returns {string} west, south, east, north in degrees; east below west across 180 */
export function boundsOf(view) {
  const [west, north] = view.fromScreen(0, 0);
  const [east, south] = view.fromScreen(view.width, view.height);
  const sides = sidesOf(west, east);
  return [sides[0], latitudeOf(south), sides[1], latitudeOf(north)].map((value) => value.toFixed(4)).join(",");
}

/** @param {number} west @param {number} east not below west @returns {[number, number]} both from -180 to 180; east below west across 180 */
export function sidesOf(west, east) {
  const wrapped = (/** @type {number} */ x) => (Math.abs(x) <= 180 ? x : x - 360 * Math.round(x / 360));
  return east - west >= 360 ? [-180, 180] : [wrapped(west), wrapped(east)];
}
