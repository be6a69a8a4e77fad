// Particles as dots on a canvas over a still map, for machines that draw without a GPU.

import { classesOf, paletteOf } from "./ages.js";

/**
 * @typedef {import("./steps.js").Step} Step
 * @typedef {import("./steps.js").Header} Header
 * @typedef {import("../player/view.js").View} View
 * @typedef {{here: Step, next: Step | null, part: number, every: number, hidden: Set<string>, dark: boolean, ageColours: string[] | null}} Moment
 */

const MANY = 5000; // particles, of which each is drawn half through
const LAST = ["afloat", "beached"]; // drawn over the others: what is on the shore is little and matters much

export class Dots {
  /** @param {HTMLCanvasElement} canvas @param {Header} header */
  constructor(canvas, header) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.header = header;
    this.order = orderOf(header);
    /** @type {ImageData | null} */
    this.image = null;
  }

  clear() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /**
   * Draw the particles of a moment between two outputs.
   * @param {View} view of the size of the canvas
   * @param {Moment} moment
   */
  draw(view, moment) {
    const { width, height } = this.canvas;
    if (this.image?.width !== width || this.image?.height !== height) {
      this.image = this.context.createImageData(width, height);
    }
    const pixels = new Uint32Array(this.image.data.buffer);
    pixels.fill(0);
    const [across, down] = affine(this.header, view);
    const ages = classesOf(this.header, moment.here);
    const many = moment.here.x.length / moment.every > MANY;
    for (const { code, name } of this.order) {
      if (moment.hidden.has(name)) continue;
      const side = (many ? 2 : 3) + (name === "beached" ? 2 : 0);
      const opacity = many && name !== "beached" ? 128 : 255;
      const colours = paletteOf(name, moment).map(([red, green, blue]) => (blue << 16) | (green << 8) | red);
      this.#paint(pixels, moment, code, across, down, { side, opacity, colours, ages });
    }
    this.context.putImageData(this.image, 0, 0);
  }

  /**
   * @param {Uint32Array} pixels
   * @param {Moment} moment
   * @param {number} code of the status that is painted
   * @param {[number, number]} across pixel = across[0] * number + across[1]
   * @param {[number, number]} down
   * @param {{side: number, opacity: number, colours: number[], ages: Uint8Array}} look a colour for each class of age
   */
  #paint(pixels, { here, next, part, every }, code, across, down, { side, opacity, colours, ages }) {
    const { width, height } = this.canvas;
    const { missing } = this.header.layout;
    const { x, y, status } = here;
    const [x1, y1] = next && part > 0 ? [next.x, next.y] : [x, y];
    for (let k = 0; k < x.length; k += every) {
      if (status[k] !== code || x[k] === missing) continue;
      const goes = x1[k] !== missing; // of one that is there at one end only, that end counts
      const a = goes ? x[k] + part * (x1[k] - x[k]) : x[k];
      const b = goes ? y[k] + part * (y1[k] - y[k]) : y[k];
      const colour = colours[ages[k]];
      const left = (across[0] * a + across[1] - side / 2 + 0.5) | 0;
      const top = (down[0] * b + down[1] - side / 2 + 0.5) | 0;
      if (left < 0 || top < 0 || left + side > width || top + side > height) continue;
      for (let row = top; row < top + side; row += 1) {
        const start = row * width + left;
        for (let at = start; at < start + side; at += 1) {
          const alpha = pixels[at] >>> 24; // where they lie close is darker
          pixels[at] = (Math.max(opacity, alpha + (((255 - alpha) * opacity) >> 8)) << 24) | colour;
        }
      }
    }
  }
}

/** @param {Header} header @returns {{code: number, name: string}[]} statuses as they are drawn, one over the other */
export function orderOf(header) {
  return Object.entries(header.statuses)
    .map(([code, name]) => ({ code: Number(code), name }))
    .filter(({ name }) => name !== "unreleased")
    .sort((a, b) => LAST.indexOf(a.name) - LAST.indexOf(b.name));
}

/**
 * Return the factors and shifts by which numbers of positions become pixels.
 * @param {Header} header
 * @param {View} view
 * @returns {[[number, number], [number, number]]}
 */
export function affine(header, view) {
  const [x, y] = ["x", "y"].map((name) => {
    const scale = header.layout.columns.find((column) => column.name === name)?.scale;
    if (scale?.kind !== "linear") throw new Error(`particles: ${name} has no linear scale`);
    return scale;
  });
  // the copy of the world that is in view
  const turn = 360 * Math.round((view.x - (x.offset + 32768 * x.step)) / 360);
  return [
    [x.step * view.scale, (x.offset + turn - view.x) * view.scale + view.width / 2],
    [-y.step * view.scale, (view.y - y.offset) * view.scale + view.height / 2],
  ];
}
