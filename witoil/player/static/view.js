// Which part of the projection a canvas shows.

/** @typedef {[number, number, number, number]} Box west, south, east, north */

const CLOSEST = 2e6; // pixels a degree: some 5 cm each

export class View {
  /**
   * @param {Box} first shown at the start and after `reset`, in the projection
   * @param {Box} limits one cannot move or zoom beyond them
   */
  constructor(first, limits) {
    this.first = first;
    this.limits = limits;
    this.width = 1;
    this.height = 1;
    this.reset();
  }

  /** Show what was shown first. */
  reset() {
    const [west, south, east, north] = this.first;
    this.x = (west + east) / 2;
    this.y = (south + north) / 2;
    this.scale = Math.min(this.width / (east - west), this.height / (north - south));
    this.moved = false;
  }

  /**
   * Take the size of the canvas, in CSS pixels.
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
    if (this.moved) this.#keepWithin();
    else this.reset();
  }

  /** @param {number} x @param {number} y @returns {[number, number]} pixels */
  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (this.y - y) * this.scale + this.height / 2];
  }

  /** @param {number} left @param {number} top @returns {[number, number]} */
  fromScreen(left, top) {
    return [(left - this.width / 2) / this.scale + this.x, this.y - (top - this.height / 2) / this.scale];
  }

  /** @param {number} right @param {number} down pixels that the picture moves */
  pan(right, down) {
    this.x -= right / this.scale;
    this.y += down / this.scale;
    this.#keepWithin();
  }

  /** @param {number} factor @param {number} left @param {number} top the place that stays */
  zoom(factor, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.fromScreen(left, top);
    this.scale = Math.min(Math.max(this.scale * factor, this.#farthest()), CLOSEST);
    const [movedX, movedY] = this.fromScreen(left, top);
    this.x += x - movedX;
    this.y += y - movedY;
    this.#keepWithin();
  }

  #farthest() {
    const [west, south, east, north] = this.limits;
    return Math.min(this.width / (east - west), this.height / (north - south));
  }

  #keepWithin() {
    const [west, south, east, north] = this.limits;
    this.x = Math.min(Math.max(this.x, west), east);
    this.y = Math.min(Math.max(this.y, south), north);
    this.moved = true;
  }
}
