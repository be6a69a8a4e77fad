// The budget: what became of the oil, over time and now.

import { numberText, percentages, timeText } from "./format.js";
import { colourOf, ground } from "./palette.js";

/**
 * @typedef {{title: string, unit: string, rows: {name: string, label: string, values: number[]}[]}} Numbers
 */

export class Budget {
  /**
   * @param {HTMLElement} root with a canvas, a table body and a caption
   * @param {Numbers} numbers
   * @param {number[]} times milliseconds since 1970
   * @param {(step: number) => void} onSeek
   */
  constructor(root, numbers, times, onSeek) {
    this.numbers = numbers;
    this.times = times;
    this.canvas = /** @type {HTMLCanvasElement} */ (root.querySelector("canvas"));
    this.body = /** @type {HTMLElement} */ (root.querySelector("tbody"));
    this.caption = /** @type {HTMLElement} */ (root.querySelector("figcaption"));
    const sums = times.map((_, step) => this.#sum(step));
    this.most = Math.max(...sums, 1e-12);
    this.cells = numbers.rows.map((row) => this.#addRow(row));
    this.canvas.addEventListener("click", (event) => {
      const share = event.offsetX / this.canvas.clientWidth;
      const time = times[0] + share * (times[times.length - 1] - times[0]);
      onSeek(times.reduce((best, each, k) => (Math.abs(each - time) < Math.abs(times[best] - time) ? k : best), 0));
    });
  }

  /** @param {number} step @param {boolean} dark */
  show(step, dark) {
    const { numbers } = this;
    const whole = this.#sum(step);
    const unit = numbers.unit && ` ${numbers.unit}`;
    const shares = whole > 0 ? percentages(numbers.rows.map((row) => row.values[step] / whole)) : [];
    this.caption.textContent = `${timeText(this.times[step])}: ${numberText(whole)}${unit} ${numbers.title}`;
    numbers.rows.forEach((row, k) => {
      const { swatch, value, share } = this.cells[k];
      swatch.style.backgroundColor = colourOf(row.name, dark);
      value.textContent = `${numberText(row.values[step])}${unit}`;
      share.textContent = shares[k] ?? "–";
    });
    this.#draw(step, dark);
  }

  /** @param {number} step @param {boolean} dark */
  #draw(step, dark) {
    const { canvas, numbers, times } = this;
    const dots = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    canvas.width = Math.round(width * dots);
    canvas.height = Math.round(height * dots);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.scale(dots, dots);
    const span = Math.max(times[times.length - 1] - times[0], 1);
    const left = (/** @type {number} */ k) => ((times[k] - times[0]) / span) * width;
    const top = (/** @type {number} */ value) => height * (1 - value / this.most);
    const below = times.map(() => 0);
    for (const row of numbers.rows) {
      const area = new Path2D();
      times.forEach((_, k) => area.lineTo(left(k), top(below[k] + row.values[k])));
      for (let k = times.length - 1; k >= 0; k -= 1) area.lineTo(left(k), top(below[k]));
      area.closePath();
      context.fillStyle = colourOf(row.name, dark);
      context.fill(area);
      context.strokeStyle = ground(dark).halo;
      context.lineWidth = 1;
      context.stroke(area);
      row.values.forEach((value, k) => {
        below[k] += value;
      });
    }
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "top";
    context.lineWidth = 3;
    const unit = numbers.unit && ` ${numbers.unit}`;
    const most = `${numberText(this.most)}${unit}`; // as high as the chart
    context.strokeStyle = ground(dark).halo;
    context.strokeText(most, 4, 3);
    context.fillStyle = ground(dark).ink;
    context.fillText(most, 4, 3);
    const now = Math.min(Math.max(left(step), 1), width - 1);
    context.strokeStyle = ground(dark).seen;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(now, 0);
    context.lineTo(now, height);
    context.stroke();
  }

  /** @param {{label: string}} row */
  #addRow(row) {
    const line = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    name.append(swatch, row.label);
    const value = document.createElement("td");
    const share = document.createElement("td");
    line.append(name, value, share);
    this.body.prepend(line); // as the areas are stacked
    return { swatch, value, share };
  }

  /** @param {number} step */
  #sum(step) {
    return this.numbers.rows.reduce((sum, row) => sum + row.values[step], 0);
  }
}
