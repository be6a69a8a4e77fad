// The models that there are, each with the page on which it is tried.

import { askJson } from "../api.js";
import { make } from "../dom.js";
import { panels as words } from "../words.js";

const { left: text } = words;

/** @returns {HTMLElement} */
export function modelsList() {
  const list = make("ul", { class: "list" });
  askJson("v2/models/").then(({ models }) => {
    list.append(...models.map(modelRow));
    if (!models.length) list.append(make("li", { class: "muted" }, text.noModels));
  }).catch((error) => list.append(make("li", { class: "error", role: "alert" }, error.message)));
  return list;
}

/** @param {any} model as DEEPaaS describes it */
function modelRow({ id, version, task, description }) {
  return make("li", { class: "card stack tight" },
    make("div", { class: "spread" }, make("strong", { class: "break" }, id),
      make("a", { href: `try?model=${encodeURIComponent(id)}`, "aria-label": text.tryOf(id) }, text.try)),
    make("p", { class: "hint" }, [version, task].filter(Boolean).join(", ")),
    description !== task && make("p", { class: "hint" }, description));
}
