// The left panel: what there is, what a case is made of, and what to do with it.

import { askJson } from "../api.js";
import { element, make, refill } from "../dom.js";
import { actions } from "./actions.js";
import { coverageBar } from "./coverage.js";
import { newCase } from "./case.js";
import { drawBar, drawOn } from "./drawing.js";
import { eventsList } from "./events.js";
import { loadCatalogue } from "./forcing.js";
import { CaseForm } from "./form.js";
import { hasEnded, keepRuns } from "./jobs.js";
import { modelsList } from "./models.js";
import { overlay } from "./overlay.js";
import { tabs } from "./tabs.js";
import { dropZone, filesList, loadUploads } from "./uploads.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */

const { left: text } = words;

/**
 * @param {HTMLElement} root
 * @param {State} state
 * @param {import("../middle.js").Middle} middle on whose map one draws
 */
export function buildLeft(root, state, middle) {
  if (!state.get("case")) state.set({ case: newCase() });
  if (state.get("shared")) {
    root.append(make("p", { class: "card" }, words.right.shared));
    keepRuns(state);
    return;
  }
  const form = make("div", { class: "stack" });
  root.append(tabs("left", [
    { id: "case", title: text.parts.case, content: make("div", { class: "stack" }, dropZone(state), drawBar(state), form, actions(state)) },
    { id: "runs", title: text.parts.runs, content: runsList(state) },
    { id: "files", title: text.parts.files, content: filesList(state) },
    { id: "events", title: text.parts.events, content: eventsList(state) },
    { id: "models", title: text.parts.models, content: modelsList() },
  ]));
  keepRuns(state);
  drawOn(middle.pane.map, state);
  overlay(middle.pane, state);
  coverageBar(element("coverage"), state);
  window.addEventListener("focus", () => loadUploads(state).catch(() => {})); // of another page of the same person; what is wrong shows with the next file
  const say = (/** @type {Error} */ problem) => form.append(make("p", { class: "error", role: "alert" }, problem.message));
  Promise.all([askJson("openapi.json"), loadUploads(state), loadCatalogue(state)]).then(([document]) => {
    const anew = () => state.set({ case: newCase() });
    form.append(new CaseForm(state, document).root, make("button", { type: "button", class: "quiet", onclick: anew }, text.startAnew));
  }).catch(say);
}

/** @param {State} state */
function runsList(state) {
  const list = make("ul", { class: "list", "aria-live": "off" });
  const show = () => {
    const runs = state.get("runs");
    refill(list, ...(runs.length ? runs.map((run) => runRow(state, run)) : [make("li", { class: "muted" }, text.noRuns)]));
  };
  state.subscribe(["runs", "run"], show);
  show();
  return list;
}

/** @param {State} state @param {any} run */
function runRow(state, run) {
  const isShown = run.jobID === state.get("run");
  const kind = run.status === "successful" ? "good" : run.status === "failed" ? "bad" : "warn";
  const [name] = words.actions[/** @type {"simulate"} */ (run.processID)] ?? [run.processID];
  return make("li", {},
    make("button", {
      type: "button", class: "item", id: `run-${run.jobID}`, "aria-pressed": String(isShown),
      onclick: () => !isShown && state.set({ run: run.jobID, time: null, preview: null }), // each run has a time of its own to begin with
    },
    make("span", { class: "grow" }, make("strong", {}, name), make("span", { class: "hint block" }, words.askedAt(run))),
    make("span", { class: `chip ${kind}` }, hasEnded(run) || !run.progress ? words.right.states[run.status] : `${run.progress} %`)));
}
