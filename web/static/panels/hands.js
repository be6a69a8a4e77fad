// Sliders for what the drift hangs on: while one is moved the service draws the slick and its score anew.

import { make } from "../dom.js";
import { changed, inputsOf, missingFor } from "./case.js";
import { start } from "./jobs.js";
import { Preview } from "./preview.js";
import { amount, parameter, score } from "./results.js";
import { leftOpen } from "./form.js";
import { timeField } from "./schema.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */

const { hands: text } = words;

/** What there are sliders for: bounds and steps within which a hand finds its way, narrower than what is allowed. */
const SLIDERS = /** @type {{name: string, least: number, most: number, step: number, unit: string, preset: number, isLog?: boolean, needs?: "point"}[]} */ ([
  { name: "wind_drift_factor", least: 0, most: 0.06, step: 0.001, unit: "", preset: 0.01 },
  { name: "wind_drift_angle_deg", least: -60, most: 60, step: 1, unit: "°", preset: 0 },
  { name: "current_factor", least: -0.5, most: 2, step: 0.05, unit: "", preset: 1 },
  { name: "horizontal_diffusivity", least: 0.1, most: 100, step: 0.01, unit: "m²/s", preset: 2, isLog: true },
  { name: "source_factor", least: 0.1, most: 10, step: 0.01, unit: "", preset: 1, isLog: true, needs: "point" },
]);

/** @param {State} state */
export function hands(state) {
  /** @type {Record<string, number>} what was moved */
  let values = {};
  const preview = new Preview(state);
  const rows = SLIDERS.map((slider) => sliderRow(slider, (value, isOver) => {
    values = { ...values, [slider.name]: value };
    preview.ask(state.get("case"), values, isOver);
    showButtons();
  }));
  const news = make("output", { class: "card hand-score", id: "hand-score", "aria-live": "polite" });
  const fault = make("p", { class: "error", role: "alert" });
  const note = make("p", { class: "hint" });
  const reset = make("button", { type: "button", class: "small", onclick: () => {
    values = {};
    state.set({ preview: null });
    preview.end();
    place();
  } }, text.reset);
  const take = make("button", { type: "button", class: "small", id: "take-defaults", onclick: () => {
    const form = withValues(state.get("case"), values);
    values = {};
    state.set({ case: form });
    note.textContent = text.taken;
  } }, text.takeDefaults);
  const calibrate = make("button", { type: "button", class: "small", id: "calibrate-from-here", onclick: async () => {
    try {
      const form = withValues(state.get("case"), values);
      state.set({ case: form });
      await start(state, "optimise", inputsOf(form, "optimise"));
    } catch (problem) {
      fault.textContent = /** @type {Error} */ (problem).message;
    }
  } }, text.calibrate);
  const root = make("details", { class: "hands", id: "hands" },
    make("summary", {}, make("span", { class: "part-title" }, text.title)),
    make("div", { class: "stack tight" }, make("p", { class: "hint" }, text.lead), ...rows.map(({ root: row }) => row), news, fault, note,
      make("div", { class: "row" }, take, calibrate, reset)));

  const showButtons = () => {
    const isMoved = Object.keys(values).length > 0;
    reset.disabled = !isMoved;
    take.disabled = !isMoved;
    calibrate.disabled = missingFor(state.get("case"), "optimise", leftOpen(state)).length > 0;
  };
  const prepare = () => root.open && !root.hidden && preview.prepare(state.get("case"));
  root.addEventListener("toggle", prepare);
  const place = () => {
    const form = state.get("case");
    rows.forEach(({ set, root: row }, k) => {
      const { name, preset, needs } = SLIDERS[k];
      row.hidden = needs === "point" && !form?.release.some((/** @type {any} */ each) => each.kind !== "area");
      set(values[name] ?? form?.model?.[name] ?? preset);
    });
    const isReady = form && !missingFor(form, "simulate", leftOpen(state)).length;
    root.hidden = !isReady;
    prepare();
    showButtons();
  };
  const tell = () => {
    const found = state.get("preview");
    fault.textContent = found?.fault ?? "";
    news.hidden = !found || Boolean(found.fault);
    if (found && !found.fault) news.replaceChildren(...scoreParts(found));
  };
  state.subscribe(["case", "uploads"], () => {
    note.textContent = "";
    if (state.get("preview")) state.set({ preview: null }); // it was of another case
    place();
  });
  state.subscribe(["preview"], tell);
  place();
  tell();
  return root;
}

/** @param {any} found @returns {(HTMLElement | string)[]} */
function scoreParts(found) {
  const figure = found.fss === null || found.fss === undefined ? amount(found.area_m2 / 1e6, "km²") : score(found.fss, 3);
  const change = typeof found.before === "number" && typeof found.fss === "number" ? found.fss - found.before : null;
  return [
    make("span", { class: "hint" }, found.fss === null || found.fss === undefined ? text.area : text.score),
    make("strong", { class: "big number" }, figure),
    make("span", { class: `number ${change === null ? "" : change >= 0 ? "up" : "down"}` },
      change === null ? "" : text.change(`${change >= 0 ? "+" : "−"}${Math.abs(change).toFixed(3)}`)),
    make("span", { class: "hint" }, `${text.quick(found.particles.toLocaleString("en"))}, ${text.took(String(Math.round(found.elapsed_ms)))}`),
    make("span", { class: "hint" }, text.drawnOf(`${timeField(found.time)} UTC`)),
  ];
}

/** @param {any} form @param {Record<string, number>} values @returns {any} the case with them */
function withValues(form, values) {
  const { source_factor: factor, ...model } = values;
  let next = changed(form, ["model"], { ...form.model, ...model });
  if (factor === undefined) return next;
  next.release.forEach((/** @type {any} */ row, /** @type {number} */ k) => {
    for (const name of ["mass_tonnes", "rate_tonnes_per_hour"]) {
      if (row.kind !== "area" && row[name]) next = changed(next, ["release", k, name], Number((row[name] * factor).toPrecision(6)));
    }
  });
  return next;
}

/**
 * @param {(typeof SLIDERS)[number]} slider
 * @param {(value: number, isOver: boolean) => void} onMove `isOver`: the hand has let go
 */
function sliderRow({ name, least, most, step, unit, isLog }, onMove) {
  const of = isLog ? Math.log10 : (/** @type {number} */ value) => value;
  const back = (/** @type {string} */ text_) => (isLog ? Number((10 ** Number(text_)).toPrecision(3)) : Number(text_));
  const id = `hand-${name}`;
  const input = make("input", { id, type: "range", min: of(least), max: of(most), step: isLog ? 0.01 : step });
  const shown = make("output", { class: "number", for: id });
  const show = (/** @type {number} */ value) => {
    shown.textContent = parameter(name, value, unit);
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => {
    show(back(input.value));
    onMove(back(input.value), false);
  });
  input.addEventListener("change", () => onMove(back(input.value), true));
  const set = (/** @type {number} */ value) => {
    input.value = String(of(Math.min(Math.max(value, least), most)));
    show(value);
  };
  const label = words.right.parameterNames[name];
  return { root: make("div", { class: "hand" }, make("div", { class: "spread" }, make("label", { for: id }, label), shown), input), set };
}
