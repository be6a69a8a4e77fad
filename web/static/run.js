// A run as it is shown: its particles, slicks, coast and rasters, and how to get them.

import { addressOf, ask, askJson, ProblemError, resultsOf } from "./api.js";
import { latitudeOf, northing } from "../player/mercator.js";
import { Steps } from "./steps.js";
import { boxOf, extentOf } from "./things.js";

/**
 * @typedef {[number, number][]} Ring in the projection
 * @typedef {{time: number, name: string, rings: Ring[], areaKm2: number | null}} Slick
 * @typedef {{path: Ring[], massKg: number, kgPerKm: number, lengthM: number, shore: string, first: string | null, probability: number | null}} Stretch
 * @typedef {{id: string, title: string, unit: string, times: string[], bounds: number[], shown: number[] | null,
 *   legend: {least: number, colour: string, label: string}[]}} Raster
 */

const NOTHING = [404, 409]; // of a run that has none

export class Run {
  /** @param {string} id of its job @param {any} job */
  constructor(id, job) {
    this.id = id;
    this.job = job;
    /** @type {Steps | null} */
    this.steps = null;
    /** @type {number[]} milliseconds since 1970 */
    this.times = [];
    /** @type {Slick[]} */
    this.observed = [];
    /** @type {Slick[]} */
    this.simulated = [];
    /** @type {Stretch[]} */
    this.stretches = [];
    /** @type {Raster[]} */
    this.rasters = [];
    /** @type {number[] | null} west, south, east, north of what a model has found, in degrees */
    this.found = null;
    /** @type {any} figures of the run */
    this.result = {};
  }

  /** @returns {string} as people have called it */
  get name() {
    return this.result.name ?? this.job.processID;
  }

  /** @returns {Ring} the source that was searched, as the best run has it; none where none was */
  get sources() {
    const place = this.result.source?.place;
    return place ? projected([[place.best.lon, place.best.lat]]) : [];
  }

  /** @returns {number[] | null} west, south, east, north of all that is known of it, in degrees */
  get bounds() {
    const rings = [...this.observed, ...this.simulated].flatMap((slick) => slick.rings); // each by itself: files cut them at the antimeridian
    const seen = [...rings, this.sources].map((places) => boundsOf({ rings: [], lines: [], places }));
    const known = [this.steps?.header.bounds, ...seen, ...this.rasters.map(({ shown }) => shown), this.found];
    const boxes = known.filter((box) => box !== undefined && box !== null).map((box, _, [first]) => turned(box, first));
    if (boxes.length === 0) return null;
    const least = (/** @type {number} */ k) => Math.min(...boxes.map((box) => box[k]));
    const most = (/** @type {number} */ k) => Math.max(...boxes.map((box) => box[k]));
    return [least(0), least(1), most(2), most(3)];
  }

  /** @param {Raster} raster @param {number} now @returns {string} address of its tiles at the time nearest */
  tilesOf(raster, now) {
    const { path, query } = this.#of(raster, now);
    return `${addressOf(path)}/tiles/{z}/{x}/{y}.png?${query}`;
  }

  /** @param {Raster} raster @param {number} now @param {number} lon @param {number} lat @returns {string} path of its value */
  pointOf(raster, now, lon, lat) {
    const { path, query } = this.#of(raster, now);
    return `${path}/point?lon=${lon}&lat=${lat}&${query}`;
  }

  /**
   * Return which of the times of a raster is shown, and whether it is the one that is wanted.
   * @param {Raster} raster
   * @param {number} now
   * @returns {{time: string | undefined, isNow: boolean}}
   */
  frameOf(raster, now) {
    const time = raster.times[nearest(raster.times.map(Date.parse), now)];
    const isNow = !time || nearest(this.times, Date.parse(time)) === nearest(this.times, now);
    return { time, isNow };
  }

  /** @param {Raster} raster @param {number} now */
  #of(raster, now) {
    const { time } = this.frameOf(raster, now);
    return { path: `jobs/${this.id}/rasters/${encodeURIComponent(raster.id)}`, query: time ? `time=${encodeURIComponent(time)}` : "" };
  }

  /**
   * Return the slick of a list that is nearest in time, and whether it is of that time.
   * @param {Slick[]} slicks
   * @param {number} now
   * @returns {{slicks: Slick[], isNow: boolean}}
   */
  slicksAt(slicks, now) {
    if (slicks.length === 0) return { slicks: [], isNow: false };
    const { time } = slicks[nearest(slicks.map((each) => each.time), now)];
    const step = nearest(this.times, now);
    return { slicks: slicks.filter((each) => each.time === time), isNow: nearest(this.times, time) === step };
  }

  dispose() {
    this.steps?.dispose();
  }
}

/** @param {import("./things.js").Extent} extent in the projection @returns {number[] | null} west, south, east, north in degrees */
function boundsOf(extent) {
  const [west, low, east, high] = boxOf(extent);
  return west > east ? null : [west, latitudeOf(low), east, latitudeOf(high)];
}

/** @param {number[]} box in degrees @param {number[]} other @returns {number[]} the box, turned around the globe to where the other is */
function turned([west, south, east, north], other) {
  const turns = 360 * Math.round((other[0] - west) / 360);
  return [west + turns, south, east + turns, north];
}

/** @param {number[]} times @param {number} now @returns {number} place of the nearest, -1 where there is none */
export function nearest(times, now) {
  let best = times.length ? 0 : -1;
  for (let k = 1; k < times.length; k += 1) {
    if (Math.abs(times[k] - now) < Math.abs(times[best] - now)) best = k;
  }
  return best;
}

/**
 * Get what there is of a run that has come to its end.
 * @param {any} job
 * @param {{onArrival: () => void, onFailure: (error: Error) => void, signal: AbortSignal}} options
 * @returns {Promise<Run>}
 */
export async function loadRun(job, { onArrival, onFailure, signal }) {
  const run = new Run(job.jobID, job);
  const address = `jobs/${job.jobID}`;
  const rasters = ifAny(askJson(`${address}/rasters`, { signal })).then((found) => {
    run.rasters = found?.rasters ?? [];
  });
  rasters.catch(() => {}); // whoever waits for them below hears of it; nobody does where the results fail first
  const results = await askJson(resultsOf(job.jobID), { signal });
  const isOne = [results.particles ?? []].flat().length === 1; // of searches over several windows there are more
  const header = isOne ? await ifAny(askJson(`${address}/particles`, { signal })) : null;
  run.result = results.result?.value ?? {};
  if (header) {
    run.steps = new Steps(`${address}/particles`, header, onArrival, onFailure);
    run.times = header.times.map(Date.parse);
    rasters.then(onArrival, onFailure); // they are listed when they are there
  } else await rasters;
  const files = async (/** @type {any} */ links) =>
    (await Promise.all([links ?? []].flat().map((link) => askFile(link.href, signal)))).filter(Boolean);
  const [observed, simulated, stretches] = await Promise.all(
    [results.observed, results.slicks, results.coast_map].map(files));
  run.observed = observed.flatMap(slicksOf);
  run.simulated = simulated.flatMap(slicksOf);
  run.stretches = stretches.flatMap(stretchesOf);
  if (results.features) {
    const { features } = await askFile(results.features.href, signal);
    const geometries = features.map((/** @type {any} */ { geometry }) => geometry);
    run.found = boundsOf(extentOf({ type: "GeometryCollection", geometries }, ([lon, lat]) => [lon, northing(lat)]));
  }
  run.times = run.times.length ? run.times : timesOf(run);
  return run;
}

/** @param {Run} run without particles @returns {number[]} of which something is shown */
function timesOf(run) {
  const seen = [...run.observed, ...run.simulated].map(({ time }) => time);
  const drawn = run.rasters.flatMap(({ times }) => times).map(Date.parse);
  return [...new Set([...seen, ...drawn])].filter(Number.isFinite).sort((a, b) => a - b);
}

/** @param {Promise<any>} asked @returns {Promise<any>} null where the run has nothing of the kind */
async function ifAny(asked) {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ProblemError && NOTHING.includes(error.status)) return null;
    throw error;
  }
}

/** @param {string} href @param {AbortSignal} signal */
async function askFile(href, signal) {
  return (await ask(href, { signal })).json();
}

/** @param {any} collection GeoJSON @returns {Slick[]} */
function slicksOf(collection) {
  return collection.features.map((/** @type {any} */ { geometry, properties }) => ({
    time: Date.parse(properties.time),
    name: [properties.observation ?? []].flat().map(fileName).join(", "),
    rings: polygonsOf(geometry).flat().map(projected),
    areaKm2: properties.area_km2 ?? properties.polygon_area_km2 ?? null,
  }));
}

/** @param {any} properties of a stretch @returns {number} oil at the end, in the median of the members where there are some [kg] */
function massOf({ mass_kg: mass, mass_at_end_kg_median: median }) {
  return mass ?? median;
}

/** @param {any} collection GeoJSON @returns {Stretch[]} */
function stretchesOf(collection) {
  return collection.features.map((/** @type {any} */ { geometry, properties }) => ({
    path: (geometry.type === "MultiLineString" ? geometry.coordinates : [geometry.coordinates]).map(projected),
    massKg: massOf(properties),
    kgPerKm: (1000 * massOf(properties)) / properties.length_m,
    lengthM: properties.length_m,
    shore: properties.shore_type,
    first: properties.first_oiled ?? null,
    probability: properties.probability ?? null,
  }));
}

/** @param {any} geometry @returns {number[][][][]} */
export function polygonsOf(geometry) {
  if (!geometry) return [];
  if (geometry.type === "Polygon") return [geometry.coordinates];
  if (geometry.type === "MultiPolygon") return geometry.coordinates;
  return (geometry.geometries ?? []).flatMap(polygonsOf);
}

/** @param {number[][]} places in degrees @returns {Ring} */
export function projected(places) {
  return places.map(([lon, lat]) => [lon, northing(lat)]);
}

/** @param {string} path */
function fileName(path) {
  return path.split("/").pop() ?? path;
}

/**
 * Return the output at or before a time, and how far it is to the next, 0 to 1.
 * @param {number[]} times rising
 * @param {number} now
 * @returns {{step: number, part: number}}
 */
export function momentOf(times, now) {
  let step = 0;
  while (step + 1 < times.length && times[step + 1] <= now) step += 1;
  const part = step + 1 < times.length ? (now - times[step]) / (times[step + 1] - times[step]) : 0;
  return { step, part: Math.min(Math.max(part, 0), 1) };
}
