// What a job has found, from the document of its results to what the right panel shows.

import { numberText } from "../../player/format.js";
import { unitText } from "../units.js";

/** @typedef {import("./charts.js").Line} Line */
/** @typedef {{side: number, fss: number | null}} Score side of the window [km] */
/** @typedef {{name: string, units: string, before: number, after: number, low: number, high: number,
 *   isLog: boolean, p5: number | null, p95: number | null}} ParameterRow */

/** Processes whose jobs are runs that can be shown, and not short answers. */
export const SHOWN = ["simulate", "optimise", "reconstruct", "forecast", "trace", "ensemble", "predict"];

/** @param {any} value of the result @returns {(window: string) => number} side of a window [km] */
function sideOf(value) {
  const cell = value.case.score.resolution_m;
  return (window) => (Number(window) * cell) / 1000;
}

/**
 * @param {Record<string, number | null> | null | undefined} fss by window, in cells
 * @param {(window: string) => number} side
 * @returns {[number, number | null][]}
 */
function curve(fss, side) {
  return Object.entries(fss ?? {}).map(([window, score]) => [side(window), score]);
}

/**
 * Return the scores of a run by scale, each with that of the defaults and of the slick left unmoved.
 * @param {string} process @param {any} value of the result
 * @returns {Omit<Line, "label">[]}
 */
export function curvesOf(process, value) {
  if (!value.case) return []; // nothing was run
  const side = sideOf(value);
  /** @type {Record<string, any>} */
  const found = {};
  if (process === "simulate" && value.scores.length) {
    found.run = mean(value.scores.map((/** @type {any} */ row) => row.fss));
    found.persistence = mean(value.scores.map((/** @type {any} */ row) => row.persistence_fss));
  } else if (value.best && value.default && process !== "forecast") {
    Object.assign(found, { best: value.best.fss, default: value.default.fss, persistence: value.persistence?.fss });
  } else if (process === "forecast") {
    const { forecast, default: preset, persistence } = value.forecast.mean;
    Object.assign(found, { forecast, default: preset, persistence });
  }
  return Object.entries(found).filter(([, fss]) => fss).map(([name, fss]) => ({ name, points: curve(fss, side) }));
}

/** @param {(Record<string, number | null> | null | undefined)[]} rows @returns {Record<string, number | null> | null} */
function mean(rows) {
  if (!rows.length || rows.some((row) => !row)) return null;
  const names = Object.keys(/** @type {any} */ (rows[0]));
  return Object.fromEntries(names.map((name) => {
    const values = rows.map((row) => row?.[name]);
    return [name, values.includes(null) ? null : values.map(Number).reduce((sum, each) => sum + each, 0) / rows.length];
  }));
}

/** @param {any} value @returns {ParameterRow[]} of what was searched */
export function parametersOf(value) {
  const likely = Object.fromEntries((value.posterior ?? []).map((/** @type {any} */ row) => [row.name, row]));
  return (value.space ?? []).map((/** @type {any} */ row) => ({
    name: row.name,
    units: unitText(row.units),
    before: value.default.parameters[row.name],
    after: value.best.parameters[row.name],
    low: row.low,
    high: row.high,
    isLog: row.scale === "log",
    p5: likely[row.name]?.p5 ?? null,
    p95: likely[row.name]?.p95 ?? null,
  }));
}

/** @param {ParameterRow} row @param {number | null} value @returns {number | null} share of the way between the bounds */
export function placeOf({ low, high, isLog }, value) {
  if (value === null) return null;
  const of = isLog ? Math.log : (/** @type {number} */ each) => each;
  const inside = Math.min(Math.max(value, low), high);
  return (of(inside) - of(low)) / (of(high) - of(low));
}

/**
 * Say how far the forecasts of a job can be trusted by how far ahead they look.
 * @param {any} value of the result
 * @returns {{hours: number, to: string, level: "high" | "medium" | "low", fss: number | null, side: number | null, drivers: ReturnType<typeof driversOf>}[]}
 *   `side` of the window from which the score is useful [km], null where it is at none
 */
export function horizonOf(value) {
  const side = sideOf(value);
  return (value.forecast?.steps ?? []).map((/** @type {any} */ step) => {
    const scores = curve(step.scores.forecast.fss, side);
    const unmoved = curve(step.scores.persistence?.fss, side);
    const useful = step.useful_fss ?? 0.5;
    const k = scores.findIndex(([, fss]) => fss !== null && fss >= useful);
    const beats = k < 0 || !unmoved.length || Number(scores[k][1]) > Number(unmoved[k][1]);
    const level = k === 0 && beats ? "high" : k >= 0 && beats ? "medium" : "low";
    const hours = (Date.parse(step.to) - Date.parse(step.from)) / 3600_000;
    return { hours, to: step.to, level, fss: scores[0]?.[1] ?? null, side: k < 0 ? null : scores[k][0], drivers: driversOf(step.drivers) };
  }).sort((/** @type {any} */ one, /** @type {any} */ other) => one.hours - other.hours);
}

/**
 * Return what drives oil, the most first.
 * @param {Record<string, {share: number, speed: number}> | null | undefined} drivers [1], [m s-1]
 * @returns {{name: string, share: number, speed: number}[]} none where it is not known
 */
export function driversOf(drivers) {
  return Object.entries(drivers ?? {}).map(([name, each]) => ({ name, ...each })).sort((one, other) => other.share - one.share);
}

export const FATES = ["floating", "evaporated", "dispersed", "beached", "sunk", "left_domain"];

/**
 * Read the table of a budget, `budget.csv`.
 * @param {string} text
 * @returns {{times: number[], released: number[], shares: Record<string, number[]>}} [ms since 1970], [kg], [1]
 */
export function readBudget(text) {
  const [head, ...rows] = text.trim().split(/\r?\n/).map((line) => line.split(","));
  const column = (/** @type {string} */ name) => rows.map((row) => Number(row[head.indexOf(name)]));
  return {
    times: rows.map((row) => Date.parse(row[0])),
    released: column("released_kg"),
    shares: Object.fromEntries(FATES.map((name) => [name, column(`${name}_fraction`)])),
  };
}

/** @param {number[]} times @param {number} now @returns {number} number of the last one not after now; the first where all are */
export function stepAt(times, now) {
  const k = times.findLastIndex((time) => time <= now);
  return Math.max(k, 0);
}

/** @param {number | null | undefined} value @param {number} [decimals] */
export function score(value, decimals = 2) {
  return value === null || value === undefined ? "–" : value.toFixed(decimals);
}

/** @param {number} value @param {string} unit */
export function amount(value, unit) {
  return `${numberText(value)}${unit && (unit === "°" ? unit : ` ${unit}`)}`;
}

/** @param {string} name @param {number} value @param {string} unit @returns {string} shares of the wind are percentages to everybody */
export function parameter(name, value, unit) {
  return name === "wind_drift_factor" ? `${numberText(100 * value, 2)} %` : amount(Number(value.toPrecision(3)), unit);
}
