// What lies beneath the oil: sea, land and coast as tiles, and a map from elsewhere where one is allowed.

import { ground } from "../player/palette.js";
import { addressOf } from "./api.js";
import { words } from "./words.js";

const COARSE = 7; // greatest zoom of the coast that all runs share

/**
 * Return a style of MapLibre. Within the bounds of the coast that a run had that one is drawn, closer
 * up; all round it the coarse one.
 * @param {{dark: boolean, fine: {run: string, bounds: number[]} | null, base: {tiles: string, credit: string} | null}} what
 * @returns {any}
 */
export function styleOf({ dark, fine, base }) {
  const colours = ground(dark);
  const tiles = (/** @type {string} */ path) => [`${addressOf(path)}/{z}/{x}/{y}.mvt`];
  const land = (/** @type {string} */ source) => ({
    id: `${source}-land`, type: "fill", source, "source-layer": "land",
    paint: { "fill-color": colours.land, "fill-antialias": false },
  });
  const coast = (/** @type {string} */ source, /** @type {string} */ layer) => ({
    id: `${source}-coast`, type: "line", source, "source-layer": layer,
    paint: { "line-color": colours.coast, "line-width": 1 },
  });
  /** @type {Record<string, any>} */
  const sources = { coarse: { type: "vector", tiles: tiles("tiles/coast"), maxzoom: COARSE, attribution: words.coast } };
  const layers = [
    { id: "sea", type: "background", paint: { "background-color": colours.sea } },
    land("coarse"), coast("coarse", "land"),
  ];
  if (fine) {
    sources.patch = { type: "geojson", data: boxOf(fine.bounds) };
    sources.fine = { type: "vector", tiles: tiles(`jobs/${fine.run}/coast`), minzoom: COARSE + 1, maxzoom: 14 };
    const close = { minzoom: COARSE + 1 };
    layers.push(
      /** @type {any} */ ({ id: "patch", type: "fill", source: "patch", paint: { "fill-color": colours.sea, "fill-antialias": false }, ...close }),
      /** @type {any} */ ({ ...land("fine"), ...close }), /** @type {any} */ ({ ...coast("fine", "coast"), ...close }),
    );
  }
  if (base) {
    sources.base = { type: "raster", tiles: [base.tiles], tileSize: 256, attribution: base.credit };
    layers.push(/** @type {any} */ ({ id: "base", type: "raster", source: "base" }));
  }
  return { version: 8, sources, layers };
}

/** @param {number[]} bounds west, south, east, north */
function boxOf([west, south, east, north]) {
  const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  return { type: "Polygon", coordinates: [ring] };
}
