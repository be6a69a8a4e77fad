// Things that models have found, drawn on a map or on an image: a colour and a shape for each label.

/**
 * @typedef {[number, number]} Spot
 * @typedef {{rings: Spot[][], lines: Spot[][], places: Spot[]}} Extent
 * @typedef {{shape: string, colour: string, dash: number[]}} Mark
 */

export const SHAPES = ["dot", "square", "triangle", "diamond", "cross"];

/** Of Okabe and Ito, on light ground and on dark; the colour-blind have the shapes and the dashes, too. */
const COLOURS = [
  ["#0063a0", "#64b5f0"], ["#b34a00", "#ff9c5a"], ["#00664f", "#4fd1a8"], ["#9c2f73", "#f09cc8"],
  ["#6b5a00", "#f0e442"], ["#2b3743", "#e8edf1"], ["#2a78a8", "#9ad7f7"],
];
const DASHES = [[], [8, 3], [2, 3], [8, 3, 2, 3]];
const SMALL = 14; // pixels: what is less across has a mark, too

/**
 * Return how things of a label are drawn: the same as long as the labels before it are.
 * @param {string[]} labels
 * @param {string} label
 * @param {boolean} dark
 * @returns {Mark}
 */
export function markOf(labels, label, dark) {
  const k = Math.max(labels.indexOf(label), 0);
  return { shape: SHAPES[k % SHAPES.length], colour: COLOURS[k % COLOURS.length][dark ? 1 : 0], dash: DASHES[k % DASHES.length] };
}

/**
 * @param {any} geometry of GeoJSON, or none
 * @param {(place: number[]) => Spot} place of a position
 * @returns {Extent}
 */
export function extentOf(geometry, place) {
  /** @type {Extent} */
  const found = { rings: [], lines: [], places: [] };
  const add = (/** @type {any} */ { type, coordinates, geometries }) => {
    const line = (/** @type {number[][]} */ each) => each.map(place);
    if (type === "Point") found.places.push(place(coordinates));
    else if (type === "MultiPoint") found.places.push(...line(coordinates));
    else if (type === "LineString") found.lines.push(line(coordinates));
    else if (type === "MultiLineString") found.lines.push(...coordinates.map(line));
    else if (type === "Polygon") found.rings.push(...coordinates.map(line));
    else if (type === "MultiPolygon") found.rings.push(...coordinates.flat().map(line));
    else (geometries ?? []).forEach(add);
  };
  if (geometry) add(geometry);
  return found;
}

/** @param {Extent} extent @returns {[number, number, number, number]} least x and y, greatest x and y */
export function boxOf({ rings, lines, places }) {
  const box = /** @type {[number, number, number, number]} */ ([Infinity, Infinity, -Infinity, -Infinity]);
  for (const [x, y] of [...rings.flat(), ...lines.flat(), ...places]) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return box;
}

/**
 * Draw a thing: its outline, and its mark where that is small.
 * @param {CanvasRenderingContext2D} context
 * @param {Extent} extent
 * @param {(spot: Spot) => Spot} at pixel of a place
 * @param {Mark} mark
 * @param {{halo: string, isChosen?: boolean}} how
 */
export function drawThing(context, extent, at, { shape, colour, dash }, { halo, isChosen = false }) {
  const outline = new Path2D();
  const add = (/** @type {Spot[]} */ line) => line.forEach((spot, k) => (k ? outline.lineTo(...at(spot)) : outline.moveTo(...at(spot))));
  for (const ring of extent.rings) {
    add(ring);
    outline.closePath();
  }
  extent.lines.forEach(add);
  context.setLineDash(dash);
  stroke(context, outline, colour, halo, isChosen ? 4 : 2);
  context.setLineDash([]);
  const marks = new Path2D();
  for (const spot of extent.places) addShape(marks, shape, at(spot), 7);
  const box = boxOf(extent);
  const [[left, top], [right, bottom]] = [at([box[0], box[1]]), at([box[2], box[3]])];
  const isSmall = Math.max(Math.abs(right - left), Math.abs(bottom - top)) < SMALL;
  if (isSmall && !extent.places.length) addShape(marks, shape, [(left + right) / 2, (top + bottom) / 2], 7);
  stroke(context, marks, halo, halo, isChosen ? 5 : 3);
  context.fillStyle = colour;
  context.fill(marks);
}

/** @param {Path2D} path @param {string} shape @param {Spot} middle @param {number} half of its width */
export function addShape(path, shape, [x, y], half) {
  if (shape === "dot") {
    path.moveTo(x + half, y);
    path.arc(x, y, half, 0, 2 * Math.PI);
    return;
  }
  OUTLINES[shape].forEach(([across, down], k) => {
    const spot = /** @type {Spot} */ ([x + across * half, y + down * half]);
    if (k) path.lineTo(...spot);
    else path.moveTo(...spot);
  });
  path.closePath();
}

const THIN = 0.36;
const OUTLINES = /** @type {Record<string, Spot[]>} */ ({
  square: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
  triangle: [[0, -1], [1, 0.8], [-1, 0.8]],
  diamond: [[0, -1.15], [1.15, 0], [0, 1.15], [-1.15, 0]],
  cross: [[-THIN, -1], [THIN, -1], [THIN, -THIN], [1, -THIN], [1, THIN], [THIN, THIN], [THIN, 1], [-THIN, 1], [-THIN, THIN], [-1, THIN], [-1, -THIN], [-THIN, -THIN]],
});

/**
 * Draw a line with a halo, so that it is seen on any ground.
 * @param {CanvasRenderingContext2D} context
 * @param {Path2D} path
 * @param {string} colour
 * @param {string} halo
 * @param {number} width
 */
export function stroke(context, path, colour, halo, width) {
  context.lineJoin = "round";
  context.strokeStyle = halo;
  context.lineWidth = width + 2.5;
  context.globalAlpha = 0.8;
  context.stroke(path);
  context.globalAlpha = 1;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
}

/** @param {Spot} at @param {Spot[][]} rings @returns {boolean} by the even-odd rule */
export function isWithin([x, y], rings) {
  let inside = false;
  for (const ring of rings) {
    for (let k = 0, last = ring.length - 1; k < ring.length; last = k, k += 1) {
      const [x0, y0] = ring[last];
      const [x1, y1] = ring[k];
      if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) inside = !inside;
    }
  }
  return inside;
}

/**
 * Return what lies at a spot: the smallest that holds it, else the nearest within reach.
 * @template {{extent: Extent}} T
 * @param {T[]} things
 * @param {Spot} spot pixels
 * @param {(spot: Spot) => Spot} at pixel of a place
 * @param {number} reach pixels
 * @returns {T | null}
 */
export function thingAt(things, spot, at, reach) {
  let found = null;
  let least = Infinity;
  for (const thing of things) {
    const cost = costOf(thing.extent, spot, at, reach);
    if (cost < least) [least, found] = [cost, thing];
  }
  return found;
}

/** @param {Extent} extent @param {Spot} spot @param {(spot: Spot) => Spot} at @param {number} reach @returns {number} 0 to 1 inside, the more the farther outside */
function costOf(extent, spot, at, reach) {
  const box = boxOf(extent);
  const [start, end] = [at([box[0], box[1]]), at([box[2], box[3]])];
  if (extent.rings.length && isWithin(spot, extent.rings.map((ring) => ring.map(at)))) {
    const area = Math.abs((end[0] - start[0]) * (end[1] - start[1]));
    return area / (area + 1e6);
  }
  const away = Math.hypot(spot[0] - (start[0] + end[0]) / 2, spot[1] - (start[1] + end[1]) / 2);
  return away <= reach ? 1 + away : Infinity;
}
