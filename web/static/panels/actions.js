// What can be done with a case: one row of buttons, each with a sentence and with what it still needs.

import { make } from "../dom.js";
import { inputsOf, missingFor } from "./case.js";
import { goTo, showRefused, leftOpen } from "./form.js";
import { start } from "./jobs.js";
import { SHOWN } from "./results.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */

const ORDER = ["simulate", "optimise", "reconstruct", "forecast", "trace", "ensemble"].filter((name) => SHOWN.includes(name));

/** @param {State} state */
export function actions(state) {
  const news = make("div", { id: "action-news", class: "stack tight", tabindex: "-1" });
  const buttons = ORDER.map((process) => action(state, process, news));
  const show = () => buttons.forEach(({ show: each }) => each());
  state.subscribe(["case", "uploads", "person", "untaken"], show);
  show();
  return make("section", { class: "actions stack", "aria-labelledby": "actions-title" },
    make("h2", { id: "actions-title" }, words.actions.title),
    make("ul", { class: "action-list" }, ...buttons.map(({ root }) => root)),
    news);
}

/** @param {State} state @param {string} process @param {HTMLElement} news */
function action(state, process, news) {
  const [name, sentence] = words.actions[/** @type {"simulate"} */ (process)];
  const note = make("p", { class: "hint", id: `does-${process}` }, sentence);
  const needs = make("p", { class: "needs", id: `needs-${process}` });
  const run = () => ask(state, process, news, button);
  const button = make("button", { type: "button", id: `do-${process}`, class: process === "simulate" ? "primary" : "", "aria-describedby": `does-${process} needs-${process}`, onclick: run }, name);
  const show = () => {
    const missing = lacking(state, process);
    const texts = [...new Set(missing.map(({ key }) => words.missing[key]))];
    needs.textContent = mayRun(state) ? texts.length ? words.needs(texts) : "" : words.nothingAllowed;
    button.setAttribute("aria-disabled", String(missing.length > 0 || !mayRun(state)));
  };
  return { root: make("li", {}, button, note, needs), show };
}

/** @param {State} state @param {string} process @returns {import("./case.js").Missing[]} also where a field shows what the case has not */
function lacking(state, process) {
  const id = state.get("untaken");
  const untaken = id ? [{ key: "untaken", path: id.split("-").slice(1) }] : [];
  return [...untaken, ...missingFor(state.get("case"), process, leftOpen(state))];
}

/** @param {State} state @returns {boolean} */
export function mayRun(state) {
  return Boolean(state.get("person")?.scopes?.includes("run"));
}

/** @param {State} state @param {string} process @param {HTMLElement} news @param {HTMLButtonElement} button */
async function ask(state, process, news, button) {
  const form = state.get("case");
  const [missing] = lacking(state, process);
  if (missing) return goTo(missing.path);
  if (!mayRun(state) || button.ariaBusy === "true") return undefined;
  button.ariaBusy = "true"; // disabled it would throw out whoever has come by keys
  news.replaceChildren();
  try {
    await start(state, process, inputsOf(form, process));
    news.append(make("p", { class: "hint", role: "status" }, words.asked(words.actions[/** @type {"simulate"} */ (process)][0])));
    if (!state.get("panels").right) openRight(state);
  } catch (problem) {
    tell(state, form, news, /** @type {any} */ (problem));
  } finally {
    button.ariaBusy = "false";
  }
  return undefined;
}

/** @param {State} state */
function openRight(state) {
  const isNarrow = matchMedia("(max-width: 760px)").matches;
  state.set({ panels: { left: !isNarrow, right: true } });
}

/** @param {State} state @param {any} form @param {HTMLElement} news @param {Error & {errors?: {pointer?: string, detail?: string}[]}} problem */
function tell(state, form, news, problem) {
  const places = showRefused(state, form, problem.errors ?? []);
  const rows = places.map(({ path, detail }) => make("li", {},
    make("button", { type: "button", class: "link", onclick: () => goTo(path) }, detail)));
  news.replaceChildren(make("div", { class: "card bad", role: "alert" },
    make("h3", {}, words.problemsTitle),
    rows.length ? make("ul", { class: "list" }, ...rows) : make("p", {}, problem.message)));
  news.focus();
}
