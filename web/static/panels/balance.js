// The mass balance of the run at the time that is shown.

import { percentages } from "../../player/format.js";
import { ask } from "../api.js";
import { make } from "../dom.js";
import { bar } from "./charts.js";
import { amount, readBudget, stepAt } from "./results.js";
import { timeField } from "./schema.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */

const { right: text } = words;

/** @param {State} state */
export function balance(state) {
  const body = make("div", { class: "stack tight" });
  const root = make("section", { class: "stack tight", id: "balance", hidden: true }, make("h3", {}, text.balance), body);
  /** @type {ReturnType<typeof readBudget> | null} */
  let budget = null;
  let shown = -1;
  const show = () => {
    root.hidden = !budget;
    if (!budget) return;
    const time = state.get("time");
    const k = time ? stepAt(budget.times, Date.parse(time)) : budget.times.length - 1;
    if (k !== shown) body.replaceChildren(...partsAt(budget, k)); // not in each frame while it plays
    shown = k;
  };
  const take = async () => {
    const figures = state.get("figures");
    const file = figures && [figures.files.budget].flat()[0];
    budget = null;
    shown = -1;
    show();
    if (!file) return;
    const read = readBudget(await (await ask(file.href)).text());
    if (state.get("figures") === figures) budget = read;
    show();
  };
  state.subscribe(["figures"], take);
  state.subscribe(["time"], show);
  void take();
  return root;
}

/** @param {ReturnType<typeof readBudget>} budget @param {number} k number of a time @returns {HTMLElement[]} */
function partsAt(budget, k) {
  const parts = Object.entries(budget.shares).map(([name, shares]) => ({ name, share: shares[k] })).filter(({ share }) => share > 0);
  const tonnes = budget.released[k] / 1000;
  const percents = percentages(parts.map(({ share }) => share));
  const words_ = parts.map(({ name }, n) => `${text.fates[name]} ${percents[n]}`).join(", ");
  return [
    make("p", { class: "hint" }, text.balanceAt(`${timeField(new Date(budget.times[k]).toISOString())} UTC`, amount(tonnes, "t"))),
    /** @type {any} */ (bar(parts, words_)),
    make("table", { class: "number" }, make("tbody", {}, ...parts.map(({ name, share }, n) => make("tr", {},
      make("th", { scope: "row" }, make("span", { class: `swatch fate-${name}` }), text.fates[name]),
      make("td", {}, amount(tonnes * share, "t")),
      make("td", {}, percents[n]))))),
  ];
}
