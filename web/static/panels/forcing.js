// Currents, winds, waves and temperature: chosen from the catalogue of the service and from one's own files.

import { askJson } from "../api.js";
import { make } from "../dom.js";
import { changed } from "./case.js";
import { idOf } from "./fields.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */

const ROLES = /** @type {const} */ (["currents", "winds", "waves", "temperature"]);

/** @param {State} state */
export async function loadCatalogue(state) {
  const { entries } = await askJson("catalogue");
  state.set({ catalogue: entries });
}

/** @param {State} state @returns {HTMLElement[]} */
export function forcingFields(state) {
  return ROLES.map((role) => roleField(state, role));
}

/** @param {State} state @param {(typeof ROLES)[number]} role */
function roleField(state, role) {
  const id = idOf(["forcing", role]);
  const value = state.get("case").forcing[role] ?? "";
  const isNeeded = role === "currents" || role === "winds";
  const option = (/** @type {string} */ reference, /** @type {string} */ name) => make("option", { value: reference, selected: reference === value }, name);
  const entries = state.get("catalogue").map((/** @type {any} */ each) => option(each.reference, each.title));
  const mine = state.get("uploads").filter((/** @type {any} */ each) => each.purpose === "forcing")
    .map((/** @type {any} */ each) => option(each.reference, each.name));
  const isKnown = value === "" || value === "none"
    || [...state.get("catalogue"), ...state.get("uploads")].some((each) => each.reference === value);
  const select = make("select", { id, "aria-describedby": `${id}-fault` },
    option("", isNeeded ? words.chooseForcing : words.usual[/** @type {"waves"} */ (role)]),
    entries.length > 0 && make("optgroup", { label: words.catalogue }, ...entries),
    mine.length > 0 && make("optgroup", { label: words.mine }, ...mine),
    !isKnown && make("option", { value: JSON.stringify(value), selected: true }, typeof value === "string" ? value : JSON.stringify(value)),
    isNeeded && option("none", words.none[/** @type {"currents"} */ (role)]));
  select.addEventListener("change", () => {
    const chosen = select.value || (isNeeded ? "" : undefined);
    if (select.value.startsWith("[") || select.value.startsWith("{") || select.value.startsWith('"')) return;
    state.set({ case: changed(state.get("case"), ["forcing", role], chosen) });
  });
  return make("div", { class: "field" }, make("label", { for: id }, words.fields[role]), select, make("p", { id: `${id}-fault`, class: "error" }));
}
