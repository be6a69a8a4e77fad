// Under the time slider: what the forcing of the case covers of its time, gaps, and what could be fetched.

import { askJson, mayPass } from "../api.js";
import { sidesOf } from "../bounds.js";
import { make } from "../dom.js";
import { changed } from "./case.js";
import { svg } from "./charts.js";
import { hasEnded } from "./jobs.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */

const { coverage: text } = words;
const PAUSE = 400; // milliseconds without a change of the case before the service is asked
const AGAIN = 3000; // milliseconds until a service that had too much to do is asked again
const ALL = 0.999999; // of the time that counts as all of it
const ROLES = ["currents", "winds", "waves", "temperature"];

/** @param {HTMLElement} root @param {State} state */
export function coverageBar(root, state) {
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", text.title);
  root.hidden = true;
  let waiting = 0;
  let asked = "";
  const later = () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(look, PAUSE);
  };
  const look = async () => {
    const question = questionOf(state);
    const key = JSON.stringify(question);
    if (key === asked) return;
    asked = key;
    if (!question) return state.set({ coverage: null });
    try {
      const { roles } = await askJson("forcing/coverage", { method: "POST", body: question });
      if (asked !== key) return undefined;
      state.set({ coverage: { question, roles } });
      chooseBest(state, roles);
    } catch (problem) {
      if (asked !== key) return undefined;
      const failed = /** @type {Error & {status?: number}} */ (problem);
      state.set({ coverage: { question, roles: {}, fault: failed.message } });
      if (mayPass(failed)) {
        asked = "";
        waiting = window.setTimeout(look, AGAIN);
      }
    }
    return undefined;
  };
  const show = () => {
    const found = state.get("coverage");
    root.hidden = !found;
    if (!found) return;
    root.replaceChildren(...rowsOf(state, found));
  };
  state.subscribe(["case", "uploads"], later);
  state.subscribe(["coverage"], show);
}

/** @param {State} state @returns {any} what the service is asked: where the oil is, when, and which data; null where it is not known yet */
function questionOf(state) {
  const form = state.get("case");
  const box = boxOf(form, state.get("uploads"));
  const { start, end } = form?.time ?? {};
  if (!box || !start || !(Date.parse(end) > Date.parse(start))) return null;
  /** @type {Record<string, string[]>} */
  const forcing = {};
  for (const role of ROLES) {
    const given = [form.forcing[role] ?? []].flat();
    if (given.length && given.every((/** @type {any} */ each) => typeof each === "string" && each && each !== "none")) forcing[role] = given;
  }
  const empty = ["currents", "winds"].filter((role) => !form.forcing[role]?.length);
  return { box, time: { start, end }, roles: [...new Set([...Object.keys(forcing), ...empty])], forcing };
}

/** @param {any} form @param {any[]} uploads @returns {number[] | null} west, south, east, north of the oil where it is let out; east below west across 180 */
export function boxOf(form, uploads) {
  /** @type {number[][]} */
  const known = (form?.release ?? []).flatMap((/** @type {any} */ row) => {
    if (row.kind === "point") return Number.isFinite(row.lon) && Number.isFinite(row.lat) ? [[row.lon, row.lat, row.lon, row.lat]] : [];
    const places = row.coordinates ?? (Array.isArray(row.track) ? row.track.map((/** @type {any} */ fix) => [fix.lon, fix.lat]) : []);
    const files = [row.geometry ?? row.track].flat().map((reference) => uploads.find((each) => each.reference === reference)?.facts?.box);
    return [...places.map((/** @type {number[]} */ [lon, lat]) => [lon, lat, lon, lat]), ...files.filter(Boolean)];
  });
  if (!known.length) return null;
  const boxes = known.map(([west, south, east, north]) => { // all in the copy of the world in which the first one is
    const turns = 360 * Math.round((known[0][0] - west) / 360);
    return [west + turns, south, east + turns, north];
  });
  const reach = (/** @type {number} */ k, /** @type {(...values: number[]) => number} */ of) => of(...boxes.map((box) => box[k]));
  const [west, east] = sidesOf(reach(0, Math.min), reach(2, Math.max));
  return [west, reach(1, Math.min), east, reach(3, Math.max)];
}

/** Choose what covers all of the run where nothing was chosen. @param {State} state @param {any} roles */
function chooseBest(state, roles) {
  let form = state.get("case");
  for (const role of ["currents", "winds"]) {
    const [best] = roles[role]?.products ?? [];
    if (!form.forcing[role]?.length && best?.share >= ALL) form = changed(form, ["forcing", role], best.names[0]);
  }
  state.set({ case: form });
}

/** @param {State} state @param {any} found @returns {HTMLElement[]} */
function rowsOf(state, found) {
  if (found.fault) return [make("p", { class: "error" }, found.fault)];
  return found.question.roles.map((/** @type {string} */ role) => roleRow(state, role, found.roles[role], found.question));
}

/** @param {State} state @param {string} role @param {any} found @param {any} question */
function roleRow(state, role, found, question) {
  const [product] = question.forcing[role] ? found?.products ?? [] : [];
  const share = product?.share ?? 0;
  const said = !question.forcing[role] ? text.unchosen : share >= ALL ? text.all : share > 0 ? text.part(Math.floor(100 * share)) : text.none;
  const fault = make("p", { class: "hint break", role: "status" }, share < ALL && product?.remark ? product.remark : nearby(found, question, role));
  const dataset = share < ALL ? (found?.datasets ?? []).find((/** @type {any} */ each) => each.may_be_fetched && each.share > share) : null;
  return make("div", { class: "covers" },
    make("span", { class: "covers-name" }, words.fields[role]),
    bar(product, question.time, text.covers(words.fields[role], said)),
    make("span", { class: `number ${share >= ALL ? "" : "lacks"}` }, said),
    Boolean(dataset) && make("button", { type: "button", class: "small", "aria-label": text.fetchOf(role), title: dataset.title, onclick: (/** @type {Event} */ event) => fetchData(state, role, dataset, question, fault, event) }, text.fetch),
    share < ALL && fault);
}

/** @param {any} found @param {any} question @param {string} role @returns {string} what else there is */
function nearby(found, question, role) {
  const others = (found?.datasets ?? []).filter((/** @type {any} */ each) => each.share > 0).map((/** @type {any} */ each) => each.title);
  const mine = question.forcing[role] ? [] : (found?.products ?? []).filter((/** @type {any} */ each) => each.share > 0).map((/** @type {any} */ each) => each.title ?? each.names[0]);
  return [mine.length ? text.atHand(mine) : "", others.length ? text.elsewhere(others) : ""].filter(Boolean).join(" ");
}

/** @param {any} product @param {{start: string, end: string}} time @param {string} alt */
function bar(product, time, alt) {
  const [start, end] = [Date.parse(time.start), Date.parse(time.end)];
  const at = (/** @type {string} */ moment) => Math.min(Math.max((100 * (Date.parse(moment) - start)) / (end - start), 0), 100);
  const worst = [...(product?.variables ?? [])].sort((one, other) => length(other.missing) - length(one.missing))[0];
  const piece = (/** @type {string} */ kind) => (/** @type {[string, string]} */ [from, to]) =>
    svg("rect", { class: kind, x: at(from), y: 0, width: Math.max(at(to) - at(from), 0.4), height: 8 });
  return /** @type {any} */ (svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": alt, class: "cover-bar" },
    svg("rect", { class: "gap", x: 0, y: 0, width: 100, height: 8 }),
    ...(worst?.covered ?? []).map(piece("covered")), ...(worst?.missing ?? []).map(piece("gap"))));
}

/** @param {[string, string][]} spans */
function length(spans) {
  return spans.reduce((sum, [from, to]) => sum + Date.parse(to) - Date.parse(from), 0);
}

/** @param {State} state @param {string} role @param {any} dataset @param {any} question @param {HTMLElement} fault @param {Event} event */
async function fetchData(state, role, dataset, question, fault, event) {
  const button = /** @type {HTMLButtonElement} */ (event.target);
  button.disabled = true;
  fault.textContent = text.fetching(dataset.title);
  try {
    let job = await askJson("ogc/processes/fetch/execution", { method: "POST", body: { inputs: { roles: [role], dataset: dataset.dataset, box: question.box, time: question.time } } });
    while (!hasEnded(job)) {
      await new Promise((next) => setTimeout(next, 1500));
      job = await askJson(`ogc/jobs/${job.jobID}`);
    }
    if (job.status !== "successful") throw new Error(job.message);
    const { result } = await askJson(`ogc/jobs/${job.jobID}/results`);
    state.set({ case: changed(state.get("case"), ["forcing", role], `job:${job.jobID}/data/${result.value.files[0].name}`) });
  } catch (problem) {
    fault.textContent = /** @type {Error} */ (problem).message;
    button.disabled = false;
  }
}
