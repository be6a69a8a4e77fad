// What an analyst says of a thing that a model has found.

import { askJson } from "./api.js";
import { make } from "./dom.js";
import { PATH } from "./found.js";
import { mayRun } from "./panels/actions.js";
import { words } from "./words.js";

/**
 * @param {import("./pane.js").Pane} pane
 * @param {import("./found.js").Thing} thing
 * @returns {HTMLElement | null} null for whoever may only look
 */
export function verdictField(pane, thing) {
  if (!mayRun(pane.state)) return null;
  const fault = make("p", { class: "error", role: "alert" });
  const select = make("select", { "aria-label": words.found.verdict, onchange: () => say() },
    ...words.found.verdicts.map((value) => make("option", { value, selected: value === thing.properties.verdict }, value)));
  const say = async () => {
    try {
      const changed = await askJson(`${PATH}/${encodeURIComponent(thing.id)}`, { method: "PATCH", body: { verdict: select.value } });
      thing.properties = changed.properties;
      fault.textContent = "";
    } catch (problem) {
      select.value = thing.properties.verdict;
      fault.textContent = /** @type {Error} */ (problem).message;
    }
  };
  return make("div", {}, make("label", { class: "field" }, words.found.verdict, select), fault);
}
