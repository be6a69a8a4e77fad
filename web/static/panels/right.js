// The right panel: how good a run is.

import { make } from "../dom.js";

/** @typedef {import("../state.js").State} State */

/** @param {HTMLElement} root @param {State} state */
export function buildRight(root, state) {
  const show = () => root.replaceChildren(make("h2", {}, "How good"),
    make("p", { class: "muted" }, state.get("run") ? "" : "Choose a run on the left."));
  state.subscribe(["run"], show);
  show();
}
