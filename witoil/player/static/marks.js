// What is drawn over the oil: slicks seen, sources, a path, degrees, scale bar and north.

import { degrees, distanceText } from "./format.js";
import { latitudeOf, metresPerDegree, northing } from "./mercator.js";

/**
 * @typedef {import("./view.js").View} View
 * @typedef {import("./palette.js").Ground} Ground
 * @typedef {[number, number][]} Ring
 */

const FONT = "12px system-ui, sans-serif";

/**
 * @param {CanvasRenderingContext2D} context
 * @param {View} view
 * @param {Ground} colours
 * @param {Ring[]} rings
 */
export function drawOutline(context, view, colours, rings) {
  const path = new Path2D();
  for (const ring of rings) addLine(path, view, ring);
  context.lineJoin = "round";
  strokeWithHalo(context, path, colours.seen, colours.halo, 2);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {View} view
 * @param {Ground} colours
 * @param {Ring} places of one particle, in time order
 * @param {[number, number]} now
 */
export function drawPath(context, view, colours, places, now) {
  const path = new Path2D();
  addLine(path, view, places);
  strokeWithHalo(context, path, colours.ink, colours.halo, 1.5);
  const ring = new Path2D();
  ring.arc(...view.toScreen(...now), 7, 0, 2 * Math.PI);
  strokeWithHalo(context, ring, colours.ink, colours.halo, 2);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {View} view
 * @param {Ground} colours
 * @param {Ring} places
 */
export function drawSources(context, view, colours, places) {
  for (const place of places) {
    const [x, y] = view.toScreen(...place);
    const star = new Path2D();
    for (let k = 0; k < 10; k += 1) {
      const reach = k % 2 ? 4 : 9;
      const angle = (k * Math.PI) / 5;
      star.lineTo(x + reach * Math.sin(angle), y - reach * Math.cos(angle));
    }
    star.closePath();
    context.fillStyle = colours.source;
    context.strokeStyle = colours.dark ? colours.halo : colours.ink;
    context.lineWidth = 1;
    context.fill(star);
    context.stroke(star);
  }
}

/**
 * Draw lines of round longitudes and latitudes; labels come later, above the oil.
 * @param {CanvasRenderingContext2D} context
 * @param {View} view
 * @param {Ground} colours
 */
export function drawDegrees(context, view, colours) {
  const { across, up } = lines(view);
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  context.beginPath();
  for (const x of across.values) {
    const left = Math.round(view.toScreen(x, 0)[0]) + 0.5;
    context.moveTo(left, 0);
    context.lineTo(left, view.height);
  }
  for (const latitude of up.values) {
    const top = Math.round(view.toScreen(0, northing(latitude))[1]) + 0.5;
    context.moveTo(0, top);
    context.lineTo(view.width, top);
  }
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {View} view @param {Ground} colours */
export function drawDegreeLabels(context, view, colours) {
  const { across, up } = lines(view);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const x of across.values) {
    const left = view.toScreen(x, 0)[0];
    if (left < 40 || left > view.width - 70) continue;
    const wrapped = x - 360 * Math.round(x / 360);
    textWithHalo(context, degrees(wrapped, "E", "W", across.decimals), left, 6, colours);
  }
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const latitude of up.values) {
    const top = view.toScreen(0, northing(latitude))[1];
    if (top < 30 || top > view.height - 50) continue;
    textWithHalo(context, degrees(latitude, "N", "S", up.decimals), 6, top, colours);
  }
}

/** @param {View} view */
function lines(view) {
  const [west, north] = view.fromScreen(0, 0);
  const [east, south] = view.fromScreen(view.width, view.height);
  return {
    across: roundValues(west, east, view.width / 110),
    up: roundValues(latitudeOf(south), latitudeOf(north), view.height / 90),
  };
}

/** @param {number} low @param {number} high @param {number} most */
function roundValues(low, high, most) {
  const wanted = (high - low) / Math.max(most, 2);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = power * ([1, 2, 5, 10].find((n) => n * power >= wanted) ?? 10);
  const values = [];
  for (let n = Math.ceil(low / step); n * step <= high; n += 1) values.push(n * step);
  return { values, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/** @param {CanvasRenderingContext2D} context @param {View} view @param {Ground} colours */
export function drawScaleBar(context, view, colours) {
  const perPixel = metresPerDegree(view.y) / view.scale;
  const most = Math.min(160, 0.35 * view.width) * perPixel;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = power * ([5, 2, 1].find((n) => n * power <= most) ?? 1);
  const bottom = view.height - 12;
  const bar = new Path2D();
  bar.moveTo(12, bottom - 5);
  bar.lineTo(12, bottom);
  bar.lineTo(12 + metres / perPixel, bottom);
  bar.lineTo(12 + metres / perPixel, bottom - 5);
  strokeWithHalo(context, bar, colours.ink, colours.halo, 2);
  context.font = FONT;
  context.textAlign = "left";
  context.textBaseline = "bottom";
  textWithHalo(context, distanceText(metres), 18, bottom - 3, colours);
}

/** @param {CanvasRenderingContext2D} context @param {View} view @param {Ground} colours */
export function drawNorth(context, view, colours) {
  const x = view.width - 22;
  const y = view.height - 38;
  const arrow = new Path2D(`M${x} ${y} l7 20 l-7 -5 l-7 5 z`);
  context.fillStyle = colours.ink;
  strokeWithHalo(context, arrow, colours.ink, colours.halo, 1);
  context.fill(arrow);
  context.font = FONT;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  textWithHalo(context, "N", x, y + 1, colours);
}

/** @param {Path2D} path @param {View} view @param {Ring} places */
function addLine(path, view, places) {
  let begun = false;
  for (const place of places) {
    const known = place[0] === place[0];
    if (!known) begun = false;
    else if (begun) path.lineTo(...view.toScreen(...place));
    else {
      path.moveTo(...view.toScreen(...place));
      begun = true;
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Path2D} path
 * @param {string} colour
 * @param {string} halo
 * @param {number} width
 */
function strokeWithHalo(context, path, colour, halo, width) {
  context.strokeStyle = halo;
  context.lineWidth = width + 2.5;
  context.stroke(path);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {Ground} colours
 */
function textWithHalo(context, text, x, y, colours) {
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = colours.halo;
  context.strokeText(text, x, y);
  context.fillStyle = colours.ink;
  context.fillText(text, x, y);
}
