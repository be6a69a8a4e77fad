// Events of the catalogue: spills with the slicks seen of each, searched by place, date, country and sensor.

import { askJson, ProblemError } from "../api.js";
import { make } from "../dom.js";
import { caseOf } from "./case.js";
import { panels as words } from "./words.js";

/** @typedef {import("../state.js").State} State */

const { events: text } = words;
const FIELDS = /** @type {const} */ (["place", "from", "to", "country", "sensor"]);

/** @param {State} state */
export function eventsList(state) {
  const list = make("ul", { class: "list" });
  const fault = make("p", { class: "error", role: "alert" });
  const inputs = FIELDS.map((name) => make("input", { id: `events-${name}`, name, type: name === "from" || name === "to" ? "date" : "text", autocomplete: "off" }));
  const search = async () => {
    fault.textContent = "";
    const query = new URLSearchParams(inputs.filter((each) => each.value.trim()).map((each) => [each.name, each.value.trim()]));
    try {
      const { events } = await askJson(`events?${query}`);
      list.replaceChildren(...events.map((/** @type {any} */ event) => eventRow(state, event, fault)));
      if (!events.length) list.append(make("li", { class: "muted" }, text.none));
    } catch (problem) {
      fault.textContent = problem instanceof ProblemError && problem.status === 404 ? text.absent : /** @type {Error} */ (problem).message;
    }
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void search();
  };
  return make("div", { class: "stack" },
    make("form", { class: "stack tight", role: "search", onsubmit: submit },
      make("div", { class: "pair" }, ...inputs.map((input, k) => make("div", { class: "field" }, make("label", { for: input.id }, text[FIELDS[k]]), input))),
      make("button", { type: "submit" }, text.search)),
    fault, list);
}

/** @param {State} state @param {any} event @param {HTMLElement} fault */
function eventRow(state, event, fault) {
  const take = async () => {
    try {
      const found = await askJson(`events/${encodeURIComponent(event.id)}/case`);
      state.set({ case: caseOf({ case: found.case ?? found }) });
      document.getElementById("left-tab-case")?.click();
    } catch (problem) {
      fault.textContent = /** @type {Error} */ (problem).message;
    }
  };
  return make("li", { class: "card stack tight" },
    make("strong", {}, event.name ?? event.id),
    make("p", { class: "hint" }, [event.start?.slice(0, 10), event.country, text.slicks(event.slicks ?? event.detections ?? 0)].filter(Boolean).join(" · ")),
    make("button", { type: "button", onclick: take }, text.take));
}
