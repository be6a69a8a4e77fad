// What lies beneath the oil: sea, land and coast as tiles, and a map from elsewhere where one is allowed.

import { ground } from "../player/palette.js";
import { addressOf } from "./api.js";

const COARSE = 7; // greatest zoom of the coast that all runs share

/**
 * Return a style of MapLibre.
 * @param {{dark: boolean, run: string | null, base: {tiles: string, credit: string} | null}} what
 * @returns {any}
 */
export function styleOf({ dark, run, base }) {
  const colours = ground(dark);
  const tiles = (/** @type {string} */ path) => [addressOf("") + path];
  /** @type {Record<string, any>} */
  const sources = {
    coarse: { type: "vector", tiles: tiles("tiles/coast/{z}/{x}/{y}.mvt"), minzoom: 0, maxzoom: COARSE },
  };
  if (run) {
    sources.fine = { type: "vector", tiles: tiles(`jobs/${run}/coast/{z}/{x}/{y}.mvt`), minzoom: COARSE + 1, maxzoom: 14 };
  }
  if (base) sources.base = { type: "raster", tiles: [base.tiles], tileSize: 256, attribution: base.credit };
  const land = (/** @type {string} */ source) => ({
    id: `${source}-land`, type: "fill", source, "source-layer": "land",
    paint: { "fill-color": colours.land, "fill-antialias": false },
    ...zooms(source, run),
  });
  const coast = (/** @type {string} */ source) => ({
    id: `${source}-coast`, type: "line", source, "source-layer": source === "fine" ? "coast" : "land",
    paint: { "line-color": colours.coast, "line-width": 1 },
    ...zooms(source, run),
  });
  const names = run ? ["coarse", "fine"] : ["coarse"];
  return {
    version: 8,
    sources,
    layers: [
      { id: "sea", type: "background", paint: { "background-color": colours.sea } },
      ...(base ? [{ id: "base", type: "raster", source: "base" }] : names.map(land)),
      ...names.map(coast),
    ],
  };
}

/** The first layer that is drawn over rasters: cells are coarser than the coast. */
export function overRasters(/** @type {boolean} */ hasBase) {
  return hasBase ? "coarse-coast" : "coarse-land";
}

/** @param {string} source @param {string | null} run */
function zooms(source, run) {
  if (source === "fine") return { minzoom: COARSE + 1 };
  return run ? { maxzoom: COARSE + 1 } : {};
}
