// Over the map: the case as it is so far, what is being drawn, and the particles of a preview.

import { northing } from "../../player/mercator.js";
import { colourOf } from "../../player/palette.js";
import { askJson } from "../api.js";
import { make } from "../dom.js";
import { borderOf, inView, pathOf, slickColour } from "../drawing.js";

/**
 * @typedef {import("../state.js").State} State
 * @typedef {import("../pane.js").Pane} Pane
 * @typedef {{rings: [number, number][][], kind: "release" | "observation"}} Outline places in the projection
 */

const MOST = 65535; // of positions, at the east and the north of their bounds
const STATUSES = /** @type {[number, string][]} */ ([[4, "submerged"], [1, "afloat"], [2, "beached"]]); // codes, one drawn over the other

/** @param {Pane} pane @param {State} state */
export function overlay(pane, state) {
  const canvas = make("canvas", { class: "overlay", "aria-hidden": "true" });
  pane.root.append(canvas);
  const outlines = new Outlines(() => show());
  let pending = false;
  let shownCase = "";
  const show = () => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      draw();
    });
  };
  const draw = () => {
    const { density = 1, view } = pane;
    if (canvas.width !== Math.round(view.width * density) || canvas.height !== Math.round(view.height * density)) {
      Object.assign(canvas, { width: Math.round(view.width * density), height: Math.round(view.height * density) });
    }
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    const colour = (/** @type {string} */ name) => {
      canvas.style.color = `var(${name})`;
      return getComputedStyle(canvas).color; // a property itself may be a choice of two
    };
    const form = state.get("case");
    const preview = previewAt(state.get("preview"), state.get("time"), pane.run?.times ?? []);
    pane.root.classList.toggle("previewing", Boolean(preview?.positions));
    if (preview?.positions) drawParticles(context, view, preview.positions, pane.isDark);
    if (form && (!pane.run || JSON.stringify(form) !== shownCase || preview?.positions)) {
      drawCase(context, view, form, outlines.of(form, state.get("uploads"), state.get("outlines")), { release: colour("--accent"), observation: slickColour("observed", pane.isDark) });
    }
    if (state.get("drawn")) drawSketch(context, view, state.get("drawn"), colour("--seen"));
  };
  pane.map.on("move", draw);
  pane.map.on("resize", show);
  state.subscribe(["case", "uploads", "drawn", "preview", "dark"], show);
  state.subscribe(["time"], () => state.get("preview")?.positions && show());
  state.subscribe(["figures"], () => {
    shownCase = JSON.stringify(state.get("case"));
    show();
  });
}

/**
 * @param {any} preview @param {string | null} time that is shown @param {number[]} times of the run beneath
 * @returns {any} the preview, unless the clock shows another time, and could show that of the preview
 */
function previewAt(preview, time, times) {
  const drawn = Date.parse(preview?.time);
  const isOnClock = drawn > times[0] - 1000 && drawn <= times[times.length - 1];
  return isOnClock && drawn !== Date.parse(time ?? "") ? null : preview;
}

/** Outlines of slicks, got from the service when a case first names them. */
class Outlines {
  /** @param {() => void} onArrival */
  constructor(onArrival) {
    this.onArrival = onArrival;
    /** @type {Map<string, [number, number][][]>} */
    this.known = new Map();
  }

  /** @param {any} form @param {any[]} uploads @param {Record<string, any>} known of the catalogue @returns {Outline[]} */
  of(form, uploads, known) {
    const of = (/** @type {any[]} */ rows, /** @type {Outline["kind"]} */ kind) => (rows ?? []).flatMap((row) => [row.geometry ?? []].flat())
      .map((reference) => ({ rings: known[reference] ? ringsOf(known[reference]) : this.#ringsOf(reference, uploads), kind }));
    return [...of(form.release, "release"), ...of(form.observation, "observation")];
  }

  /** @param {string} reference @param {any[]} uploads @returns {[number, number][][]} */
  #ringsOf(reference, uploads) {
    const upload = uploads.find((each) => each.reference === reference && each.purpose === "mask");
    if (!upload) return [];
    if (!this.known.has(reference)) {
      this.known.set(reference, []);
      void this.#load(upload);
    }
    return this.known.get(reference) ?? [];
  }

  /** @param {any} upload */
  async #load(upload) {
    const scenes = Math.max(upload.facts?.times?.length ?? 0, 1);
    try {
      const found = await Promise.all(Array.from({ length: scenes }, (_, k) => askJson(`ogc/collections/observations/items/${upload.id}-${k + 1}`)));
      this.known.set(upload.reference, found.flatMap(({ geometry }) => ringsOf(geometry)));
    } catch {
      const [west, south, east, north] = upload.facts?.box ?? [];
      const corners = [[west, south], [east, south], [east, north], [west, north], [west, south]];
      if (west !== undefined) this.known.set(upload.reference, [corners.map(projected)]);
    }
    this.onArrival();
  }
}

/** @param {any} geometry @returns {[number, number][][]} */
function ringsOf(geometry) {
  if (!geometry) return [];
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [];
  return [...polygons.flat(), ...(geometry.geometries ?? []).flatMap(ringsOf)].map((/** @type {number[][]} */ ring) => ring.map(projected));
}

/** @param {number[]} place @returns {[number, number]} */
function projected([lon, lat]) {
  return [lon, northing(lat)];
}

/** @param {CanvasRenderingContext2D} context @param {any} view @param {any} form @param {Outline[]} outlines @param {Record<string, string>} colours */
function drawCase(context, view, form, outlines, colours) {
  for (const { rings, kind } of outlines) {
    context.setLineDash(kind === "release" ? [] : [5, 3]); // not by colour alone
    const path = borderOf(view, rings);
    stroked(context, colours[kind], () => context.stroke(path));
  }
  context.setLineDash([]);
  for (const row of form.release) {
    const places = row.kind === "point" ? [[row.lon, row.lat]] : row.coordinates ?? (Array.isArray(row.track) ? row.track.map((/** @type {any} */ fix) => [fix.lon, fix.lat]) : []);
    drawLine(context, view, places.filter((/** @type {number[]} */ [lon, lat]) => Number.isFinite(lon) && Number.isFinite(lat)).map(projected), colours.release);
  }
}

/** @param {CanvasRenderingContext2D} context @param {string} colour @param {() => void} draw once as a halo, once in the colour */
function stroked(context, colour, draw) {
  const passes = /** @type {[string, number][]} */ ([["rgb(255 255 255 / 70%)", 4], [colour, 2]]);
  for (const [style, width] of passes) {
    context.strokeStyle = style;
    context.lineWidth = width;
    draw();
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("../../player/view.js").View} view
 * @param {[number, number][]} places @param {string} colour
 */
function drawLine(context, view, places, colour) {
  const line = pathOf(view, [places], false);
  if (places.length > 1) stroked(context, colour, () => context.stroke(line));
  for (const place of inView(view, places)) stroked(context, colour, () => {
    context.beginPath();
    context.arc(...view.toScreen(...place), 5, 0, 2 * Math.PI);
    context.stroke();
  });
}

/** @param {CanvasRenderingContext2D} context @param {any} view @param {any} drawn @param {string} colour */
function drawSketch(context, view, drawn, colour) {
  for (const { geometry } of drawn.features) {
    if (geometry.type === "Point") drawLine(context, view, [projected(geometry.coordinates)], colour);
    else {
      const places = geometry.type === "Polygon" ? geometry.coordinates[0] : geometry.coordinates;
      const path = pathOf(view, [places.map(projected)], false);
      context.globalAlpha = 0.15;
      context.fillStyle = colour;
      if (geometry.type === "Polygon") context.fill(path);
      context.globalAlpha = 1;
      stroked(context, colour, () => context.stroke(path));
    }
  }
}

/** @param {CanvasRenderingContext2D} context @param {any} view @param {any} positions @param {boolean} dark */
function drawParticles(context, view, { count, bounds, data, statuses }, dark) {
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  const status = atob(statuses);
  const numbers = new DataView(bytes.buffer);
  const [, south, , north] = bounds;
  const [[west], [east]] = inView(view, [[bounds[0], 0], [bounds[2], 0]]);
  const rows = Array.from({ length: count }, (_, k) => [
    west + (numbers.getUint16(4 * k, true) / MOST) * (east - west),
    south + (numbers.getUint16(4 * k + 2, true) / MOST) * (north - south),
    status.charCodeAt(k),
  ]);
  for (const [code, name] of STATUSES) {
    context.fillStyle = colourOf(name, dark); // as the list of layers has it
    for (const [lon, lat, status] of rows) {
      if (status !== code) continue;
      const [left, top] = view.toScreen(lon, northing(lat));
      context.fillRect(left - 0.75, top - 0.75, 1.5, 1.5);
    }
  }
}
