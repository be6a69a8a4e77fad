// What a map shows, as requests have it.

import { latitudeOf } from "../player/mercator.js";

/** @param {import("../player/view.js").View} view @returns {string} west, south, east, north in degrees; east below west across 180 */
export function boundsOf(view) {
  const [west, north] = view.fromScreen(0, 0);
  const [east, south] = view.fromScreen(view.width, view.height);
  const wrapped = (/** @type {number} */ x) => x - 360 * Math.round(x / 360);
  const sides = east - west >= 360 ? [-180, 180] : [wrapped(west), wrapped(east)];
  return [sides[0], latitudeOf(south), sides[1], latitudeOf(north)].map((value) => value.toFixed(4)).join(",");
}
