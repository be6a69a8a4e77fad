// A field on a grid: its picture, and its value at a place.

import { numberText } from "./format.js";
import { channels, ramp } from "./palette.js";
import { decoded } from "./payload.js";

/**
 * @typedef {import("./payload.js").Table} Table
 * @typedef {import("./payload.js").Scale} Scale
 * @typedef {import("./view.js").View} View
 * @typedef {{name: string, label: string, unit: string, grid: {west: number, north: number, cell: number},
 *   shape: [number, number, number], cellMetres: number, digits: number, scale: Scale | null,
 *   classes: {from: number, label: string}[]}} LayerHeader
 */

export class Layer {
  /** @param {LayerHeader} header @param {Table} table */
  constructor(header, table) {
    this.header = header;
    this.numbers = table.data;
    this.picture = document.createElement("canvas");
    [, this.picture.height, this.picture.width] = header.shape;
    this.shown = "";
    this.colours = [false, true].map((dark) => coloursOfNumbers(header.classes, dark));
  }

  /** @param {number} step @returns {number} its frame: one for each time, or one for all */
  frame(step) {
    return this.header.shape[0] === 1 ? 0 : step;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {View} view
   * @param {number} step
   * @param {boolean} dark
   */
  draw(context, view, step, dark) {
    const { west, north, cell } = this.header.grid;
    const [, rows, columns] = this.header.shape;
    this.#paint(this.frame(step), dark);
    const [left, top] = view.toScreen(west, north);
    const side = cell * view.scale;
    context.imageSmoothingEnabled = false;
    context.drawImage(this.picture, left, top, columns * side, rows * side);
  }

  /**
   * Return what is at a place, as text; null where there is nothing.
   * @param {number} x
   * @param {number} y
   * @param {number} step
   */
  textAt(x, y, step) {
    const { west, north, cell } = this.header.grid;
    const [, rows, columns] = this.header.shape;
    const column = Math.floor((x - west) / cell);
    const row = Math.floor((north - y) / cell);
    if (column < 0 || column >= columns || row < 0 || row >= rows) return null;
    const number = this.numbers[(this.frame(step) * rows + row) * columns + column];
    if (number === 0) return null;
    const { scale, classes, unit, digits } = this.header;
    if (scale) return `${numberText(decoded(scale, number), digits)} ${unit}`;
    return classes.findLast((each) => each.from <= number)?.label ?? null;
  }

  /** @param {number} frame @param {boolean} dark */
  #paint(frame, dark) {
    const key = `${frame} ${dark}`;
    if (this.shown === key) return;
    this.shown = key;
    const { width, height } = this.picture;
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const colours = this.colours[Number(dark)];
    const start = frame * width * height;
    for (let k = 0; k < pixels.length; k += 1) pixels[k] = colours[this.numbers[start + k]];
    this.picture.getContext("2d")?.putImageData(image, 0, 0);
  }
}

/**
 * Return what stands for each number in a picture, 0 being clear.
 * @param {{from: number}[]} classes
 * @param {boolean} dark
 */
function coloursOfNumbers(classes, dark) {
  const colours = new Uint32Array(65536);
  const bytes = new Uint8Array(colours.buffer);
  const chosen = ramp(classes.length, dark).map(channels);
  for (let number = 1; number < colours.length; number += 1) {
    const k = classes.findLastIndex((each) => each.from <= number);
    if (k >= 0) bytes.set([...chosen[k], 235], 4 * number);
  }
  return colours;
}
