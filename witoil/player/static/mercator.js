// Mercator's projection in degrees: x is the longitude, y grows poleward.

const RADIANS = Math.PI / 180;
const SEMI_MAJOR = 6378137;
const ECCENTRICITY_SQUARED = 0.00669437999014;

/** @param {number} latitude degrees */
export function northing(latitude) {
  return Math.asinh(Math.tan(latitude * RADIANS)) / RADIANS;
}

/** @param {number} y degrees */
export function latitudeOf(y) {
  return Math.atan(Math.sinh(y * RADIANS)) / RADIANS;
}

/**
 * Return the length of a degree of longitude at a y, on the WGS 84 ellipsoid, in metres.
 * @param {number} y degrees
 */
export function metresPerDegree(y) {
  const phi = latitudeOf(y) * RADIANS;
  return (RADIANS * SEMI_MAJOR * Math.cos(phi)) / Math.sqrt(1 - ECCENTRICITY_SQUARED * Math.sin(phi) ** 2);
}
