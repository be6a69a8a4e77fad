// What is known of the particle, or of the place, under the pointer.

import { durationText, numberText, placeText } from "./format.js";
import { capital } from "./legend.js";

/**
 * @typedef {import("./particles.js").Particles} Particles
 * @typedef {import("./layer.js").Layer} Layer
 */

/**
 * Return what is known of a particle at an output, a line each.
 * @param {Particles} particles
 * @param {number} step
 * @param {number} k
 */
export function particleLines(particles, step, k) {
  const at = step * particles.count + k;
  const status = particles.statusAt(step, k);
  const place = particles.x[at] === particles.x[at]
    ? placeText(particles.x[at], particles.y[at])
    : "no position";
  const lines = [capital(status.label), place];
  const mass = particles.valueAt("mass", step, k);
  if (mass !== null) lines.push(`${massText(mass)} of oil`);
  const z = particles.valueAt("z", step, k);
  if (z !== null) lines.push(z < -0.005 ? `${numberText(-z)} m deep` : "at the surface");
  lines.push(ageText(...particles.ageAt(step, k)));
  return lines;
}

/**
 * Return what a layer has at a place, a line each.
 * @param {Layer} layer
 * @param {number} step
 * @param {[number, number]} place in the projection
 */
export function layerLines(layer, step, place) {
  const text = layer.textAt(...place, step);
  return [text ?? "nothing here", placeText(...place)];
}

/** @param {number} kilograms */
function massText(kilograms) {
  const kept = Number(kilograms.toPrecision(3));
  return kept >= 1000 ? `${numberText(kept / 1000)} t` : `${numberText(kept)} kg`;
}

/** @param {number} least @param {number | null} most hours since the release */
function ageText(least, most) {
  if (most !== null) return `released ${durationText(least)} to ${durationText(most)} ago`;
  return least > 0 ? `released ${durationText(least)} ago or earlier` : "released at this time or earlier";
}
