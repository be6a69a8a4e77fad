// The left panel: what there is to be shown.

import { askJson } from "../api.js";
import { make } from "../dom.js";

/** @typedef {import("../state.js").State} State */

/** @param {HTMLElement} root @param {State} state */
export function buildLeft(root, state) {
  const list = make("ul", { class: "list" });
  root.append(make("h2", {}, "Runs"), list);
  const show = () => list.replaceChildren(...state.get("runs").map((run) => make("li", {},
    make("button", {
      type: "button", class: "item", "aria-pressed": run.jobID === state.get("run"),
      onclick: () => state.set({ run: run.jobID }),
    }, `${run.processID}, ${run.created.slice(0, 16).replace("T", " ")} UTC: ${run.status}`))));
  state.subscribe(["runs", "run"], show);
  void askJson("ogc/jobs?limit=50").then(({ jobs }) => state.set({ runs: jobs }));
}
