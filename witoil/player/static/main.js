// The player: its parts are made here, and what is shown is decided here.

import { Budget } from "./budget.js";
import { Clock } from "./clock.js";
import { timeText } from "./format.js";
import { followGestures } from "./gestures.js";
import { capital, showClasses, showCounts, showStatuses } from "./legend.js";
import { nearestStep, SlickMap, stepOf } from "./map.js";
import { unpack } from "./payload.js";
import { layerLines, particleLines } from "./readout.js";

const REACH = 14; // pixels round the pointer in which a particle is found

/** @template {HTMLElement} T @param {string} id @returns {T} */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return /** @type {T} */ (found);
}

class Player {
  /** @param {any} header @param {Map<string, import("./payload.js").Table>} tables */
  constructor(header, tables) {
    this.header = header;
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.canvas = /** @type {HTMLCanvasElement} */ (element("map"));
    this.map = new SlickMap(this.canvas, header, tables);
    this.clock = new Clock(header.times, () => this.show());
    this.picked = -1;
    this.hover = /** @type {[number, number] | null} */ (null);
    this.hidden = /** @type {Set<number>} */ (new Set());
    this.shown = this.map.particles ? "particles" : header.layers[0].name;
    this.pending = false;
    this.budget = header.budget
      && new Budget(element("budget"), header.budget, header.times, (step) => this.seek(step));
    element("budget").hidden = !header.budget;
    for (const each of header.particles?.statuses ?? []) {
      if (each.name === "evaporated") this.hidden.add(each.code); // no oil is left of them
    }
    this.#describe();
    this.#listChoices();
    this.#listSeen();
    this.#listen();
    this.map.fit();
    this.#legend();
    this.show();
  }

  /** @param {number} step */
  seek(step) {
    if (this.clock.playing) this.clock.pause();
    this.clock.seek(step);
  }

  /** Draw in the next frame, once. */
  show() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.#draw();
    });
  }

  #draw() {
    const { clock, map } = this;
    const { step } = clock;
    map.draw({
      step,
      part: clock.part,
      show: this.shown,
      hidden: this.hidden,
      picked: this.shown === "particles" ? this.picked : -1,
      seen: /** @type {HTMLInputElement} */ (element("seen")).checked,
      dark: this.scheme.matches,
    });
    this.#showTime(step);
    if (this.shown === "particles") showCounts(element("legend"), map.particles, step);
    this.budget?.show(step, this.scheme.matches);
    this.#readOut(step);
  }

  /** @param {number} step */
  #showTime(step) {
    const { clock } = this;
    const [first, last] = [clock.times[0], clock.times[clock.times.length - 1]];
    const text = timeText(clock.shown);
    const slider = /** @type {HTMLInputElement} */ (element("time"));
    slider.value = String((1000 * (clock.shown - first)) / Math.max(last - first, 1));
    slider.setAttribute("aria-valuetext", text);
    element("clock").textContent = text;
    const play = element("play");
    play.dataset.playing = String(clock.playing);
    play.setAttribute("aria-label", clock.playing ? "Pause" : "Play");
    const wanted = /** @type {HTMLInputElement} */ (element("seen")).checked;
    const seen = wanted ? this.map.seenAt(step) : [];
    element("seen-now").textContent = seen.map((each) => `Observed ${timeText(each.time)}`).join(", ");
    element("seen-now").hidden = seen.length === 0;
  }

  /** @param {number} step */
  #readOut(step) {
    const output = element("readout");
    let lines = /** @type {string[]} */ ([]);
    if (this.shown === "particles") {
      if (this.picked >= 0) lines = particleLines(this.map.particles, step, this.picked);
    } else if (this.hover) {
      const layer = this.map.layers.get(this.shown);
      lines = layerLines(layer, step, this.map.view.fromScreen(...this.hover));
    }
    const text = lines.join("\n");
    if (output.textContent !== text) output.textContent = text;
    output.hidden = lines.length === 0;
  }

  /** @param {[number, number] | null} at pixels of the pointer */
  #point(at) {
    this.hover = at;
    if (this.shown === "particles") {
      this.picked = at
        ? this.map.particles.nearest(this.map.view, this.clock.step, at, REACH, this.hidden)
        : -1;
    }
    this.show();
  }

  #describe() {
    const { name, command, model, times, particles } = this.header;
    const parts = [
      `${command} by ${model}`,
      `${timeText(times[0])} to ${timeText(times[times.length - 1])}`,
    ];
    if (particles) parts.push(`${particles.of.toLocaleString("en")} particles`);
    element("name").textContent = name;
    element("about").textContent = parts.join(" · ");
    this.canvas.setAttribute("aria-label", `Map of ${name}`);
    const notes = element("notes");
    notes.replaceChildren(
      ...this.header.notes.map((/** @type {string} */ text) => {
        const note = document.createElement("p");
        note.textContent = text;
        return note;
      }),
    );
  }

  #listChoices() {
    const choices = this.header.layers.map((/** @type {any} */ each) => [each.name, capital(each.label)]);
    if (this.map.particles) choices.unshift(["particles", "Particles"]);
    const root = element("show");
    for (const [name, label] of choices) {
      const radio = document.createElement("input");
      radio.type = "radio";
      radio.name = "show";
      radio.value = name;
      radio.checked = name === this.shown;
      radio.addEventListener("change", () => {
        this.shown = name;
        this.picked = -1;
        this.#legend();
        this.show();
      });
      const text = document.createElement("label");
      text.append(radio, label);
      root.append(text);
    }
  }

  #listSeen() {
    const { seen, times } = this.header;
    element("observed").hidden = seen.length === 0;
    const first = times[0];
    const span = Math.max(times[times.length - 1] - first, 1);
    for (const each of seen) {
      const item = document.createElement("li");
      const step = stepOf(times, each.time);
      const text = `${timeText(each.time)}, ${each.name}`;
      if (step < 0) item.textContent = `${text}: not within the times shown`;
      else {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = text;
        button.addEventListener("click", () => this.seek(step));
        item.append(button);
        const tick = document.createElement("span");
        tick.style.left = `${(100 * (times[step] - first)) / span}%`;
        element("ticks").append(tick);
      }
      element("seen-list").append(item);
    }
  }

  #legend() {
    const root = element("legend");
    const dark = this.scheme.matches;
    const layer = this.map.layers.get(this.shown);
    if (layer) showClasses(root, layer.header, dark);
    else showStatuses(root, this.map.particles, this.hidden, dark, () => this.show());
  }

  #listen() {
    const { canvas, clock } = this;
    followGestures(canvas, this.map.view, () => this.show());
    new ResizeObserver(() => {
      this.map.fit();
      this.show();
    }).observe(canvas);
    this.scheme.addEventListener("change", () => {
      this.#legend();
      this.show();
    });
    canvas.addEventListener("pointermove", (event) => this.#point([event.offsetX, event.offsetY]));
    canvas.addEventListener("pointerdown", (event) => this.#point([event.offsetX, event.offsetY]));
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.#point(null);
    });
    element("play").addEventListener("click", () => clock.toggle());
    element("seen").addEventListener("change", () => this.show());
    this.#listenToButtons();
    this.#listenToTime();
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  #listenToButtons() {
    const { view } = this.map;
    const actions = {
      "zoom-in": () => view.zoom(1.5),
      "zoom-out": () => view.zoom(1 / 1.5),
      whole: () => view.reset(),
    };
    for (const [id, action] of Object.entries(actions)) {
      element(id).addEventListener("click", () => {
        action();
        this.show();
      });
    }
  }

  #listenToTime() {
    const { clock } = this;
    const slider = /** @type {HTMLInputElement} */ (element("time"));
    slider.addEventListener("input", () => {
      const last = clock.times[clock.times.length - 1];
      const time = clock.times[0] + (Number(slider.value) / 1000) * (last - clock.times[0]);
      this.seek(nearestStep(clock.times, time));
    });
    const speed = /** @type {HTMLSelectElement} */ (element("speed"));
    speed.addEventListener("change", () => {
      clock.speed = Number(speed.value);
    });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.defaultPrevented || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("select, input[type=radio]")) return; // they have uses for these keys
    const { clock } = this;
    const last = clock.times.length - 1;
    const seeks = /** @type {Record<string, () => number>} */ ({
      ArrowLeft: () => clock.step - 1,
      ArrowRight: () => clock.step + 1,
      Home: () => 0,
      End: () => last,
    });
    if (event.key === " " && !target.matches("button, summary, input[type=checkbox]")) clock.toggle();
    else if (event.key === "Enter" && target === this.canvas) this.#pickMiddle();
    else if (event.key in seeks) this.seek(seeks[event.key]());
    else return;
    event.preventDefault();
  }

  /** Read out what lies nearest to the middle of the map, for those who have no pointer. */
  #pickMiddle() {
    const { view, particles } = this.map;
    this.hover = [view.width / 2, view.height / 2];
    if (this.shown === "particles") {
      const reach = view.width + view.height;
      this.picked = particles.nearest(view, this.clock.step, this.hover, reach, this.hidden);
    }
    this.show();
  }
}

/** @param {unknown} error */
function complain(error) {
  const output = element("complaint");
  output.textContent = `This page cannot be shown (${error instanceof Error ? error.message : error}); `
    + "expected a browser of 2023 or later, such as Firefox 113 or Chromium 110.";
  output.hidden = false;
}

try {
  const header = JSON.parse(element("header").textContent ?? "");
  const player = new Player(header, await unpack(header, element("payload").textContent ?? ""));
  document.documentElement.dataset.ready = "true";
  void player;
} catch (error) {
  complain(error);
}
