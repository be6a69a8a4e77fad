// The bottom: time that is shown, with play, speed, and ticks at observations.

import { Clock } from "../player/clock.js";
import { timeText } from "../player/format.js";
import { make } from "./dom.js";
import { nearest } from "./run.js";
import { words } from "./words.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./run.js").Run} Run
 */

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const LOCAL = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});
const UTC = /^(UTC|GMT)$/.test(Intl.DateTimeFormat().resolvedOptions().timeZone);

export class TimeBar {
  /** @param {HTMLElement} root @param {State} state */
  constructor(root, state) {
    this.root = root;
    this.state = state;
    /** @type {Clock | null} */
    this.clock = null;
    const text = words.time;
    this.play = make("button", { type: "button", id: "play", class: "primary", onclick: () => this.clock?.toggle() });
    this.slider = make("input", { type: "range", id: "time", min: 0, max: 1000, step: "any", "aria-label": text.time, oninput: () => this.#slide(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#step(event) });
    this.ticks = make("div", { id: "ticks", role: "group", "aria-label": text.observed });
    this.utc = make("output", { id: "utc", for: "time" });
    this.local = make("span", { id: "local", class: "muted number" });
    this.speed = make("select", { id: "speed", "aria-label": text.speed, onchange: () => state.set({ speed: Number(this.speed.value) }) },
      ...SPEEDS.map((value) => make("option", { value }, `${value} ×`)));
    root.append(this.play, make("div", { class: "track" }, this.slider, this.ticks),
      make("div", { class: "times" }, this.utc, this.local), this.speed);
    state.subscribe(["time"], () => this.#follow());
    state.subscribe(["playing"], () => this.#toggle());
    state.subscribe(["speed"], () => this.#setSpeed());
    document.addEventListener("keydown", (event) => this.#key(event));
    this.take(null, null);
  }

  /**
   * Take the times of what is shown.
   * @param {Run | null} run
   * @param {Run | null} other
   */
  take(run, other) {
    const times = [...new Set([...(run?.times ?? []), ...(other?.times ?? [])])].sort((a, b) => a - b);
    const { playing } = this.state.values;
    this.clock?.pause(); // else it would go on beside the next
    this.root.hidden = times.length === 0;
    this.clock = times.length ? new Clock(times, () => this.#tell()) : null;
    if (!this.clock) return;
    this.#setSpeed();
    const wanted = Date.parse(this.state.get("time") ?? "");
    const isWithin = wanted >= times[0] && wanted <= times[times.length - 1];
    const seen = [...new Set([...(run?.observed ?? []), ...(other?.observed ?? [])].map(({ time }) => time))];
    this.clock.now = isWithin ? wanted : (seen.find((time) => time >= times[0]) ?? times[0]);
    this.#tick(seen.filter((time) => time >= times[0] && time <= times[times.length - 1]));
    this.#tell();
    if (playing) this.clock.play();
  }

  /** @param {number[]} seen times of observations */
  #tick(seen) {
    const { times } = /** @type {Clock} */ (this.clock);
    const span = Math.max(times[times.length - 1] - times[0], 1);
    this.ticks.replaceChildren(...seen.map((time) => {
      const at = nearest(times, time);
      const button = make("button", { type: "button", "aria-label": words.time.observedAt(timeText(time)), title: words.time.observedAt(timeText(time)), onclick: () => this.#seek(at) });
      button.style.left = `${(100 * (time - times[0])) / span}%`;
      return button;
    }));
  }

  /** Tell all others what time the clock has. */
  #tell() {
    const { shown, playing } = /** @type {Clock} */ (this.clock);
    this.isTelling = true;
    this.state.set({ time: iso(shown), playing });
    this.isTelling = false;
    this.#show();
  }

  #follow() {
    const time = Date.parse(this.state.get("time") ?? "");
    if (this.isTelling || !this.clock || Number.isNaN(time)) return;
    const { times } = this.clock;
    this.clock.now = Math.min(Math.max(time, times[0]), times[times.length - 1]);
    if (this.clock.now === time) this.#show();
    else this.#tell(); // beyond the ends it is the end, for all
  }

  #toggle() {
    if (this.isTelling || !this.clock || this.clock.playing === this.state.get("playing")) return;
    this.clock.toggle();
  }

  #setSpeed() {
    const speed = this.state.get("speed");
    this.speed.value = String(speed);
    if (this.clock) this.clock.speed = speed;
  }

  #show() {
    const { times, shown, playing } = /** @type {Clock} */ (this.clock);
    const text = timeText(shown);
    this.slider.value = String((1000 * (shown - times[0])) / Math.max(times[times.length - 1] - times[0], 1));
    this.slider.setAttribute("aria-valuetext", text);
    this.utc.textContent = text;
    this.local.textContent = UTC ? "" : words.time.local(LOCAL.format(shown));
    this.play.dataset.playing = String(playing);
    this.play.setAttribute("aria-label", playing ? words.time.pause : words.time.play);
    this.play.disabled = times.length < 2;
  }

  #slide() {
    const clock = /** @type {Clock} */ (this.clock);
    const { times } = clock;
    const time = times[0] + (Number(this.slider.value) / 1000) * (times[times.length - 1] - times[0]);
    this.#seek(nearest(times, time));
  }

  /** @param {number} step */
  #seek(step) {
    const clock = /** @type {Clock} */ (this.clock);
    if (clock.playing) clock.pause();
    clock.seek(step);
  }

  /** On the slider, keys go from output to output. @param {KeyboardEvent} event */
  #step(event) {
    const clock = this.clock;
    if (!clock) return;
    const steps = /** @type {Record<string, number>} */ ({
      ArrowLeft: clock.step - 1, ArrowDown: clock.step - 1, ArrowRight: clock.step + 1, ArrowUp: clock.step + 1,
      Home: 0, End: clock.times.length - 1,
    });
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.#seek(steps[event.key]);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!this.clock || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest("input:not([type=range]), select, textarea, dialog, [contenteditable]")) return;
    if (event.key === " " && !target.closest("button, a, summary")) this.clock.toggle();
    else if (event.key === "," || event.key === ".") this.#seek(this.clock.step + (event.key === "," ? -1 : 1));
    else return;
    event.preventDefault();
  }
}

/** @param {number} milliseconds */
function iso(milliseconds) {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z/, "Z");
}

