// Numbers, places and times as text.

import { latitudeOf } from "./mercator.js";

const TIME = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC",
});

/** @param {number} milliseconds since 1970 */
export function timeText(milliseconds) {
  return `${TIME.format(milliseconds).replace(",", "")} UTC`;
}

/** @param {number} value @param {number} digits whose count is kept; thousands stand apart */
export function numberText(value, digits = 3) {
  if (value === 0) return "0";
  if (Math.abs(value) < 1e-6) return value.toExponential(digits - 1);
  const rounded = Number(value.toPrecision(digits));
  const whole = Math.abs(value) >= 10 ** digits;
  return (whole ? Math.round(value) : rounded).toLocaleString("en", { maximumFractionDigits: 12 });
}

/** @param {number} metres */
export function distanceText(metres) {
  return metres < 1000 ? `${numberText(metres)} m` : `${numberText(metres / 1000)} km`;
}

/** @param {number} hours */
export function durationText(hours) {
  return hours < 48 ? `${numberText(hours)} h` : `${numberText(hours / 24)} d`;
}

/** @param {number} x @param {number} y in the projection */
export function placeText(x, y) {
  const latitude = latitudeOf(y);
  const longitude = x - 360 * Math.round(x / 360);
  return `${degrees(latitude, "N", "S", 4)}, ${degrees(longitude, "E", "W", 4)}`;
}

/** @param {number} value @param {string} positive @param {string} negative @param {number} decimals */
export function degrees(value, positive, negative, decimals) {
  const text = Math.abs(value).toFixed(decimals);
  return `${text}°${sideOf(Number(text), value < 0 ? negative : positive)}`;
}

/** @param {number} degrees as they are written @param {string} side @returns {string} none where both sides meet: at 0, and at 180 of a longitude */
export function sideOf(degrees, side) {
  return degrees % 180 === 0 ? "" : ` ${side}`;
}

/**
 * Return shares of one whole as percentages that add up to it: those that lose most by rounding are rounded up.
 * @param {number[]} shares [1]
 * @param {number} [decimals]
 * @returns {string[]} what is there is never 0
 */
export function percentages(shares, decimals = 1) {
  const unit = 10 ** decimals;
  const exact = shares.map((share) => 100 * unit * share);
  const counts = exact.map(Math.floor);
  const sum = (/** @type {number[]} */ values) => values.reduce((all, value) => all + value, 0);
  const left = Math.round(sum(exact)) - sum(counts);
  const byLoss = exact.map((_, k) => k).sort((one, other) => exact[other] - counts[other] - (exact[one] - counts[one]));
  for (const k of byLoss.slice(0, left)) counts[k] += 1;
  return counts.map((count, k) => (count === 0 && shares[k] > 0 ? `<${1 / unit} %` : `${(count / unit).toFixed(decimals)} %`));
}
