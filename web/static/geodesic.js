// Lengths of lines on the map.

import { latitudeOf } from "../player/mercator.js";

const RADIUS = 6_371_008.8; // metres: mean radius of the Earth (IUGG)
const RADIANS = Math.PI / 180;

/**
 * Return the length of a line, by great circles on a sphere: within 0.6 % of that on the ellipsoid.
 * @param {[number, number][]} places in the projection
 * @returns {number} metres
 */
export function lengthOf(places) {
  let sum = 0;
  for (let k = 1; k < places.length; k += 1) sum += distance(places[k - 1], places[k]);
  return sum;
}

/** @param {[number, number]} one @param {[number, number]} other @returns {number} metres (haversine) */
function distance([x0, y0], [x1, y1]) {
  const [phi0, phi1] = [latitudeOf(y0) * RADIANS, latitudeOf(y1) * RADIANS];
  const [dphi, dlambda] = [phi1 - phi0, (x1 - x0) * RADIANS];
  const a = Math.sin(dphi / 2) ** 2 + Math.cos(phi0) * Math.cos(phi1) * Math.sin(dlambda / 2) ** 2;
  return 2 * RADIUS * Math.asin(Math.min(1, Math.sqrt(a)));
}
