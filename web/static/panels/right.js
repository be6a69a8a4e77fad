// The right panel: how far a job is, how good it is, what came of it, and what to do with that.

import { make } from "../dom.js";
import { hands } from "./hands.js";
import { dismiss, hasEnded, jobShown } from "./jobs.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */

const { right: text } = words;

/** @param {HTMLElement} root @param {State} state */
export function buildRight(root, state) {
  root.append(head(state), hands(state));
  let isAsked = false;
  const show = async () => {
    if (isAsked || !state.get("run")) return;
    isAsked = true;
    try {
      const { outcome } = await import("./outcome.js"); // much of the page, for which there has to be a run
      root.append(...outcome(state));
    } catch (problem) {
      isAsked = false; // the next run asks again
      throw problem;
    }
  };
  state.subscribe(["run"], show);
  void show();
}

/** @param {any} job @returns {string} */
function nameOf({ processID }) {
  return words.actions[/** @type {"simulate"} */ (processID)]?.[0] ?? processID;
}

/** What the job is and how far; the one part that is there without a job, too. @param {State} state */
function head(state) {
  const title = make("h2", { id: "right-title", tabindex: "-1" });
  const chip = make("span", { class: "chip" });
  const note = make("p", { class: "hint", id: "job-note" });
  const bar = make("progress", { max: "100" });
  const live = make("p", { class: "sr-only", "aria-live": "polite", id: "job-live" });
  const fault = make("div", { class: "card bad", role: "alert", hidden: true });
  const cancel = make("button", { type: "button", class: "danger", id: "job-cancel", onclick: () => void end() }, text.cancel);
  const row = make("div", { class: "row" }, bar, cancel);
  let said = "";
  const say = (/** @type {string} */ sentence) => {
    if (sentence !== said) live.textContent = said = sentence; // not each percent
  };
  const end = async () => {
    const job = jobShown(state);
    try {
      await dismiss(state, job.jobID);
      say(`${nameOf(job)}: ${text.states.dismissed}`);
    } catch (problem) {
      note.textContent = /** @type {Error} */ (problem).message;
    }
  };
  const show = () => {
    const job = jobShown(state);
    const name = job && nameOf(job);
    title.textContent = name ?? text.choose;
    chip.hidden = !job;
    if (row.contains(document.activeElement) && (!job || hasEnded(job))) title.focus(); // there is nothing to cancel any more
    row.hidden = !job || hasEnded(job);
    fault.hidden = job?.status !== "failed";
    if (!job) {
      note.textContent = text.chooseMore;
      say("");
      return;
    }
    chip.textContent = text.states[job.status];
    chip.className = `chip ${job.status === "successful" ? "good" : job.status === "failed" ? "bad" : "warn"}`;
    bar.setAttribute("aria-label", text.progress(name));
    if (job.status === "accepted") bar.removeAttribute("value");
    else bar.value = job.progress;
    note.textContent = job.status === "failed" ? "" : job.status === "accepted" ? text.waits : hasEnded(job) ? "" : `${job.progress} %${job.message ? `, ${job.message}` : ""}`;
    if (job.status === "failed") fault.replaceChildren(make("h3", {}, text.failed), make("p", { class: "break" }, job.message));
    say(`${name}: ${text.states[job.status]}${job.status === "running" ? `, ${Math.floor(job.progress / 10) * 10} %` : ""}`);
  };
  state.subscribe(["run", "runs"], show);
  show();
  return make("section", { class: "stack tight", "aria-labelledby": "right-title" },
    make("div", { class: "spread" }, title, chip), note, row, live, fault);
}
