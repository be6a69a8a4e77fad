// A line between two maps that lie one over the other, to be pulled across.

import { make } from "./dom.js";
import { words } from "./words.js";

const STEP = 0.05; // of the width, by a key

export class Swipe {
  /** @param {HTMLElement} root @param {HTMLElement} over the map that is cut */
  constructor(root, over) {
    this.root = root;
    this.over = over;
    this.part = 0.5;
    this.handle = make("div", {
      class: "swipe", role: "slider", tabindex: 0, "aria-label": words.compare.line,
      "aria-valuemin": 0, "aria-valuemax": 100, "aria-orientation": "horizontal",
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
      onpointerdown: (/** @type {PointerEvent} */ event) => this.handle.setPointerCapture(event.pointerId),
      onpointermove: (/** @type {PointerEvent} */ event) => {
        if (!this.handle.hasPointerCapture(event.pointerId)) return;
        const { left, width } = root.getBoundingClientRect();
        this.move((event.clientX - left) / width);
      },
    });
    root.append(this.handle);
    this.move(0.5);
  }

  /** @param {number} part of the width, from the left, that shows the map beneath */
  move(part) {
    this.part = Math.min(Math.max(part, 0), 1);
    const percent = `${100 * this.part}%`;
    this.over.style.clipPath = `inset(0 0 0 ${percent})`;
    this.root.style.setProperty("--cut", percent); // names of the maps stand at their sides of it
    this.handle.style.left = percent;
    this.handle.setAttribute("aria-valuenow", String(Math.round(100 * this.part)));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const steps = /** @type {Record<string, number>} */ ({ ArrowLeft: this.part - STEP, ArrowRight: this.part + STEP, Home: 0, End: 1 });
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.move(steps[event.key]);
  }

  dispose() {
    this.over.style.clipPath = "";
    this.handle.remove();
  }
}
