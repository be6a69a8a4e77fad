// What to do with a run: its files, exports, a link for others, the same again with changes, another beside it.

import { addressOf, ask, askJson } from "../api.js";
import { make, refill } from "../dom.js";
import { mayRun } from "./actions.js";
import { caseOf } from "./case.js";
import { dismiss, done, hasEnded, jobShown } from "./jobs.js";
import { timeField } from "./schema.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */

const { right: text } = words;
const EXPORTED = ["simulate"];

/** @param {State} state */
export function filesPart(state) {
  const root = make("section", { class: "stack", id: "run-files" });
  let shown = "";
  let made = "";
  /** @type {HTMLElement[]} what stays as it is while other runs come and go: a link is told once */
  let lasting = [];
  const showWhereNew = () => {
    const job = jobShown(state);
    const figures = job && state.get("figures")?.job === job.jobID ? state.get("figures") : null;
    const key = JSON.stringify([job?.jobID, job?.status, figures?.job, state.get("other"), state.get("runs").map(({ jobID, status }) => [jobID, status])]);
    if (key === shown) return;
    shown = key;
    const { fault, tell } = faultLine();
    if (made !== (figures?.job ?? "")) lasting = figures ? lastingPartsOf(state, job, figures) : [];
    made = figures?.job ?? "";
    refill(root, ...(job && hasEnded(job) ? [buttonsOf(state, job, tell), ...(figures && !state.get("shared") ? [compareField(state, job)] : []), ...lasting, fault] : []));
  };
  state.subscribe(["run", "runs", "figures", "other"], showWhereNew);
  showWhereNew();
  return root;
}

/** Where a problem is told, and what tells it. */
function faultLine() {
  const fault = make("p", { class: "error", role: "alert" });
  const tell = (/** @type {unknown} */ problem) => {
    fault.textContent = /** @type {Error} */ (problem).message;
  };
  return { fault, tell };
}

/** @param {State} state @param {any} job @param {(problem: unknown) => void} tell */
function buttonsOf(state, job, tell) {
  const removed = async () => {
    await dismiss(state, job.jobID);
    document.getElementById("right-title")?.focus(); // there is nothing left here
  };
  return make("div", { class: "row" },
    !state.get("shared") && make("button", { type: "button", id: "run-again", onclick: () => again(state, job).catch(tell) }, text.again),
    mayRun(state) && make("button", { type: "button", id: "run-remove", class: "quiet danger", onclick: () => window.confirm(text.removeSure) && removed().catch(tell) }, text.remove));
}

/** @param {State} state @param {any} job @param {any} figures @returns {HTMLElement[]} links for others, and files */
function lastingPartsOf(state, job, figures) {
  const { fault, tell } = faultLine();
  return [sharePart(state, job, tell), downloads(state, figures, tell), fault].filter((part) => part !== null);
}

/** @param {State} state @param {any} job */
async function again(state, job) {
  const { inputs } = await askJson(`ogc/jobs/${job.jobID}/inputs`);
  if (inputs.module) return void location.assign(`try?model=${encodeURIComponent(inputs.module)}`);
  const isNarrow = matchMedia("(max-width: 760px)").matches; // there is room for one side
  state.set({ case: caseOf(inputs), panels: { left: true, right: !isNarrow } });
  document.getElementById("left-tab-case")?.click();
}

/** @param {State} state @param {any} job */
function compareField(state, job) {
  const others = state.get("runs").filter((each) => each.jobID !== job.jobID && each.status === "successful");
  const select = make("select", { id: "compare-with" },
    make("option", { value: "" }, text.noCompare),
    ...others.map((each) => make("option", { value: each.jobID, selected: each.jobID === state.get("other") },
      `${words.actions[/** @type {"simulate"} */ (each.processID)]?.[0] ?? each.processID}, ${words.askedAt(each)}`)));
  select.addEventListener("change", () => state.set({ other: select.value || null }));
  return make("div", { class: "field" }, make("label", { for: "compare-with" }, text.compare), select);
}

/** @param {State} state @param {any} figures @param {(problem: unknown) => void} tell */
function downloads(state, figures, tell) {
  const links = Object.values(figures.files).flat().filter((link) => link?.href);
  return make("details", { open: true }, make("summary", {}, text.files),
    make("ul", { class: "list downloads" }, ...links.map((link) => make("li", {}, ...fileLinks(link.href),
      make("span", { class: "hint block" }, link.title)))),
    EXPORTED.includes(figures.process) && mayRun(state) && exportsPart(figures, tell));
}

/** @param {string} href of a file @returns {(HTMLElement | string)[]} what saves it, and what opens it where it is a page */
function fileLinks(href) {
  const isPage = href.endsWith(".html");
  const save = make("a", { href, download: "" }, isPage ? text.savePage : decodeURIComponent(href.split("/files/").pop() ?? href));
  return isPage ? [make("a", { href, target: "_blank", rel: "noopener" }, text.page), " · ", save] : [save];
}

/** @param {any} figures @param {(problem: unknown) => void} tell */
function exportsPart(figures, tell) {
  const made = make("ul", { class: "list downloads", "aria-live": "polite" });
  const write = async (/** @type {string} */ format, /** @type {HTMLButtonElement} */ button) => {
    button.disabled = true;
    const row = make("li", { class: "hint" }, `${text.exports[format]}: ${text.exporting}`);
    made.append(row);
    try {
      const { files } = await done("export", { run: `job:${figures.job}`, format });
      row.replaceChildren(...[files].flat().map((link) => make("a", { href: link.href, download: "" }, decodeURIComponent(link.href.split("/").pop()))));
    } catch (problem) {
      row.remove();
      tell(problem);
    } finally {
      button.disabled = false;
    }
  };
  return make("div", { class: "stack tight" }, make("h3", {}, text.exportTo),
    make("div", { class: "row" }, ...Object.entries(text.exports).map(([format, name]) => {
      const button = make("button", { type: "button", class: "small", onclick: () => write(format, button) }, name);
      return button;
    })), made);
}

/** @param {State} state @param {any} job @param {(problem: unknown) => void} tell */
function sharePart(state, job, tell) {
  if (!mayRun(state)) return null;
  const period = make("select", { id: "share-hours" }, ...text.sharePeriods.map(([hours, name]) => make("option", { value: hours, selected: hours === "168" }, name)));
  const list = make("ul", { class: "list", "aria-live": "polite" });
  const share = async () => {
    const made = await askJson("shares", { method: "POST", body: { job: job.jobID, hours: Number(period.value) } });
    const secret = made.href.split("/").pop();
    const link = make("input", { id: "share-link", readonly: true, "aria-label": text.share, value: addressOf(`#shared=${secret}`), onfocus: () => link.select() });
    list.prepend(make("li", { class: "card stack tight" },
      make("p", { class: "hint" }, text.shareMade(`${timeField(made.expires)} UTC`)), link,
      make("div", { class: "row" }, copyButton(link), takeBack(made, tell))));
    link.focus();
  };
  return make("details", { id: "share" }, make("summary", {}, text.share),
    make("div", { class: "stack tight" },
      make("div", { class: "field" }, make("label", { for: "share-hours" }, text.shareHours), period),
      make("button", { type: "button", id: "share-make", onclick: () => share().catch(tell) }, text.shareMake), list));
}

/** @param {HTMLInputElement} link */
function copyButton(link) {
  const button = make("button", { type: "button", class: "small", onclick: async () => {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
      button.textContent = text.copied;
    } catch {
      button.textContent = text.copy; // selected: the keys for it do the same
    }
  } }, text.copy);
  return button;
}

/** @param {any} made @param {(problem: unknown) => void} tell */
function takeBack(made, tell) {
  const button = make("button", { type: "button", class: "small danger", onclick: async () => {
    try {
      await ask(`shares/${made.id}`, { method: "DELETE" });
      button.closest("li")?.remove();
    } catch (problem) {
      tell(problem);
    }
  } }, text.shareBack);
  return button;
}
