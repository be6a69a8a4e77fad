// The middle of the page: one map or two, with what belongs to both.

import { element, make } from "./dom.js";
import { LayerList } from "./layers.js";
import { lengthOf } from "./geodesic.js";
import { Pane } from "./pane.js";
import { bothForms, readAt } from "./reading.js";
import { TimeBar } from "./time.js";
import { words } from "./words.js";
import { distanceText } from "../player/format.js";

/** @typedef {import("./state.js").State} State */

export class Middle {
  /** @param {State} state */
  constructor(state) {
    this.state = state;
    this.root = element("map");
    this.isMeasuring = false;
    this.time = new TimeBar(element("clock"), state);
    this.panes = make("div", { class: "panes" });
    this.place = make("output", { class: "float place number", hidden: true });
    this.reading = make("div", { class: "float reading", role: "status", hidden: true });
    this.root.append(this.panes);
    /** @type {Pane | null} */
    this.other = null;
    /** @type {import("./swipe.js").Swipe | null} */
    this.swipe = null;
    this.pane = this.#addPane("run");
    this.root.append(this.#tools(), this.reading, this.place);
    this.layers = new LayerList(this.root, this.pane);
    state.subscribe(["other", "side"], () => this.#compare());
    state.subscribe(["time", "layers", "dark", "run"], () => this.layers.show());
    state.subscribe(["layers"], () => this.#switchBase());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#clear();
    });
    this.#compare();
    this.layers.show();
  }

  /** @param {"run" | "other"} key */
  #addPane(key) {
    const root = make("section", { class: "pane", "aria-label": words.map.pane[key] });
    this.panes.append(root);
    const pane = new Pane(root, this.state, key);
    const name = make("p", { class: "float pane-name", hidden: true });
    root.append(name);
    pane.onRun = () => {
      name.textContent = pane.run ? words.map.named(key, pane.run) : "";
      name.hidden = !this.state.get("other") || !pane.run;
      this.#takeRuns();
    };
    pane.onArrival = () => this.layers?.show();
    this.#listen(pane);
    return pane;
  }

  #takeRuns() {
    const [run, other] = [this.pane?.run ?? null, this.other?.run ?? null];
    this.time.take(run, other);
    if (!this.pane) return;
    element("run-name").textContent = run ? run.name : "";
    document.title = words.title(run ? run.name : null);
    this.layers?.show();
    this.#read(this.pane, null);
  }

  /** @param {Pane} pane */
  #listen(pane) {
    const { map } = pane;
    map.on("mousemove", (/** @type {any} */ event) => this.#point(pane, event.point));
    map.on("mouseout", () => {
      this.place.hidden = true;
    });
    map.on("click", (/** @type {any} */ event) => {
      this.#point(pane, event.point);
      if (!this.state.get("drawn")?.active) void this.#click(pane, [event.point.x, event.point.y]);
    });
    const canvas = map.getCanvas();
    canvas.setAttribute("aria-label", words.map.label);
    canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter") return;
      const { width, height } = pane.view;
      void this.#click(pane, [width / 2, height / 2], 0.5 * Math.min(width, height));
    });
  }

  /** @param {Pane} pane @param {{x: number, y: number}} point */
  #point(pane, { x, y }) {
    this.place.textContent = bothForms(pane.placeAt(x, y));
    this.place.hidden = false;
  }

  /** @param {Pane} pane @param {[number, number]} spot @param {number} [reach] */
  async #click(pane, spot, reach) {
    if (this.isMeasuring) {
      pane.measured = [...pane.measured, pane.view.fromScreen(...spot)];
      this.#say([words.measure.length(distanceText(lengthOf(pane.measured)))]);
      pane.show();
      return;
    }
    try {
      this.#read(pane, await readAt(pane, spot, reach));
    } catch (error) {
      this.#say([/** @type {Error} */ (error).message]);
    }
  }

  /** @param {Pane} pane @param {import("./reading.js").Picked | null} picked */
  #read(pane, picked) {
    for (const each of [this.pane, this.other]) if (each && each !== pane) each.picked = null;
    pane.picked = picked;
    this.#say(picked ? picked.lines : [], picked?.more);
    this.pane.show();
    this.other?.show();
  }

  /** @param {string[]} lines @param {HTMLElement | null} [more] beneath */
  #say(lines, more = null) {
    this.reading.hidden = lines.length === 0;
    this.reading.replaceChildren(...lines.map((line) => make("p", {}, line)), ...(more ? [more] : []));
  }

  #clear() {
    this.#measure(false);
    this.#read(this.pane, null);
  }

  /** @param {boolean} on */
  #measure(on) {
    this.isMeasuring = on;
    for (const pane of [this.pane, this.other]) if (pane) {
      pane.measured = [];
      pane.root.classList.toggle("measuring", on);
      pane.show();
    }
    this.measureButton?.setAttribute("aria-pressed", String(on));
    this.#say(on ? [words.measure.start] : []);
  }

  #tools() {
    const { tools } = words.map;
    const button = (/** @type {string} */ label, /** @type {string} */ icon, /** @type {() => void} */ onclick) =>
      make("button", { type: "button", class: "icon tool", "aria-label": label, title: label, "data-icon": icon, onclick });
    this.measureButton = button(tools.measure, "measure", () => this.#measure(!this.isMeasuring));
    this.measureButton.setAttribute("aria-pressed", "false");
    return make("div", { class: "map-tools", role: "group", "aria-label": tools.title },
      button(tools.closer, "plus", () => this.pane.map.zoomIn()),
      button(tools.farther, "minus", () => this.pane.map.zoomOut()),
      button(tools.whole, "whole", () => this.pane.lookAt()),
      this.measureButton,
      button(tools.picture, "picture", () => this.picture()));
  }

  /** Save what is shown as a picture, with its legend. */
  async picture() {
    const panes = [this.pane, ...(this.other ? [this.other] : [])];
    const { savePicture } = await import("./picture.js");
    await savePicture(panes, { side: this.state.get("side"), cut: this.swipe?.part ?? 1 });
  }

  #switchBase() {
    for (const pane of [this.pane, this.other]) if (pane && pane.styled?.base !== pane.hasBase) pane.restyle();
  }

  #compare() {
    const other = this.state.get("other");
    const side = this.state.get("side");
    this.panes.dataset.side = other ? side : "one";
    if (other && !this.other) this.other = this.#addPane("other");
    if (!other && this.other) {
      this.other.dispose();
      this.other.root.remove();
      this.other = null;
      this.#takeRuns();
    }
    void this.#swipe();
    this.chooser?.remove();
    this.chooser = other ? this.#chooser(side) : undefined;
    if (this.chooser) this.root.append(this.chooser);
    this.pane.onRun?.();
  }

  /** Have the line between two maps where one wants it, which is loaded when it first is. */
  async #swipe() {
    this.swipe?.dispose();
    this.swipe = null;
    const { other } = this;
    if (!other || this.state.get("side") !== "swipe") return;
    const { Swipe } = await import("./swipe.js");
    if (this.other !== other || this.swipe || this.state.get("side") !== "swipe") return;
    this.swipe = new Swipe(this.root, other.root);
  }

  /** @param {"swipe" | "beside"} side */
  #stand(side) {
    this.state.set({ side });
    if (side === "beside") this.layers.box.open = false; // it would lie over one of the two
    requestAnimationFrame(() => this.pane.lookAt());
  }

  /** @param {string} side */
  #chooser(side) {
    const { compare } = words;
    const choose = (/** @type {"swipe" | "beside"} */ name) =>
      make("button", { type: "button", "aria-pressed": side === name, onclick: () => this.#stand(name) }, compare[name]);
    return make("div", { class: "float compare row", role: "group", "aria-label": compare.title },
      choose("swipe"), choose("beside"),
      make("button", { type: "button", class: "quiet", onclick: () => this.state.set({ other: null }) }, compare.end));
  }
}

