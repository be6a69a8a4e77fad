// How good a run is: the verdict, scores by scale and by trial, parameters before and after, what to expect.

import { percentages, placeText } from "../../player/format.js";
import { northing } from "../../player/mercator.js";
import { make } from "../dom.js";
import { lineChart, rangeBar } from "./charts.js";
import { amount, curvesOf, driversOf, horizonOf, parameter, parametersOf, placeOf, score } from "./results.js";
import { askJson } from "../api.js";
import { timeField } from "./schema.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */

const { right: text } = words;
const HEIGHTS = [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, text: String(at) }));

/** @param {State} state */
export function scores(state) {
  const found = make("div", { class: "stack" });
  const search = make("div", { class: "stack" });
  /** @type {{id: string, value: any, process: string} | null} the run that is compared */
  let other = null;
  const show = () => found.replaceChildren(...partsOf(state.get("figures"), other));
  const showSearch = () => search.replaceChildren(...searchOf(state));
  state.subscribe(["figures"], show);
  state.subscribe(["trials", "run", "figures"], showSearch);
  const takeOther = async () => {
    const id = state.get("other");
    other = null;
    show(); // without the one before, until the next is here
    if (id) {
      try {
        const job = await askJson(`ogc/jobs/${id}`);
        const { result } = await askJson(`ogc/jobs/${id}/results`);
        if (state.get("other") === id) other = { id, value: result.value, process: result.value.then ?? job.processID };
      } catch {
        other = null; // it has not ended, or it is no more
      }
    }
    show();
  };
  state.subscribe(["other"], takeOther);
  show();
  showSearch();
  void takeOther();
  return make("section", { class: "stack", "aria-label": text.verdict, id: "scores" }, found, search);
}

/** @param {any} figures @param {any} other @returns {HTMLElement[]} */
function partsOf(figures, other) {
  if (!figures) return [];
  const { process, value, drivers } = figures;
  return [
    verdictCard(value.verdict),
    skillChart(process, value, other),
    horizonTable(process, value),
    driversPart(drivers),
    parameterTable(value),
    factsTable(process, value),
  ].filter((part) => part !== null);
}

/** @param {any} verdict */
function verdictCard(verdict) {
  if (!verdict) return null;
  return make("div", { class: `card verdict ${verdict.kind}`, id: "verdict" },
    make("h3", {}, verdict.short), make("p", {}, verdict.text));
}

/** @param {string} process @param {any} value @param {any} other */
function skillChart(process, value, other) {
  const curves = curvesOf(process, value).map((line) => ({ ...line, label: text.lines[line.name] }));
  if (!curves.length) return null;
  if (other && ["simulate", "optimise", "reconstruct", "forecast"].includes(other.process)) {
    const [first] = curvesOf(other.process, other.value);
    if (first) curves.push({ ...first, name: "other", label: text.other });
  }
  const sides = curves[0].points.map(([side]) => side);
  const finest = curves.map(({ label, points }) => `${label} ${score(points[0][1])}`).join("; ");
  const useful = value.useful_fss ?? null;
  return block(text.skill, lineChart({
    alt: text.skillAlt(`${sides[0]} km: ${finest}.`),
    x: { label: text.window, ticks: sides.map((at) => ({ at, text: String(Number(at.toPrecision(3))) })), isLog: sides.length > 1 },
    y: { label: text.fss, ticks: HEIGHTS },
    lines: curves,
    level: useful === null ? null : { at: useful, label: `${text.useful} (${score(useful)})` },
  }), scoreTable(curves));
}

/** @param {{name: string, label: string, points: [number, number | null][]}[]} curves */
function scoreTable(curves) {
  const sides = curves[0].points.map(([side]) => side); // a run that is compared may have others
  return make("table", { class: "number", id: "score-table" },
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, text.fss),
      ...sides.map((side) => make("th", { scope: "col" }, `${Number(side.toPrecision(3))} km`)))),
    make("tbody", {}, ...curves.map(({ name, label, points }) => make("tr", { "data-line": name }, make("th", { scope: "row" }, label),
      ...sides.map((side) => make("td", {}, score(new Map(points).get(side) ?? null)))))));
}

/**
 * Return what the best run so far scores, after each: the one that the search holds for it, priors counted.
 * @param {{number: number, score: number | null, penalised?: number | null}[]} trials in their order
 * @returns {[number, number | null][]}
 */
export function bestOf(trials) {
  /** @type {(typeof trials)[number] | null} */
  let best = null;
  const worth = (/** @type {(typeof trials)[number] | null} */ trial) => trial?.penalised ?? trial?.score ?? -Infinity;
  return trials.map((trial) => {
    if (worth(trial) > worth(best)) best = trial;
    return [trial.number + 1, best?.score ?? null];
  });
}

/** @param {State} state @returns {HTMLElement[]} */
function searchOf(state) {
  const figures = state.get("figures");
  const running = state.get("trials");
  const trials = figures?.value?.history ?? (running?.job === state.get("run") ? running.trials : []);
  const known = trials.filter((/** @type {any} */ row) => "score" in row);
  if (!known.length) return [];
  /** @type {[number, number | null][]} */
  const points = known.map((/** @type {any} */ row) => [row.number + 1, row.score]);
  const best = bestOf(known);
  const source = figures?.value ?? running;
  const unmoved = source?.persistence?.score ?? null;
  const last = Math.max(points.length, 2);
  return [block(text.search, lineChart({
    alt: text.searchAlt(points.length, score(best[best.length - 1][1], 3)),
    x: { label: text.trial, ticks: [1, Math.ceil(last / 2), last].filter((at, k, all) => all.indexOf(at) === k).map((at) => ({ at, text: String(at) })) },
    y: { label: text.meanFss, ticks: HEIGHTS },
    lines: [{ name: "trial", label: text.trial, points, dots: true }, { name: "best", label: `${text.best}: ${score(best[best.length - 1][1], 3)}`, points: best }],
    level: unmoved === null ? null : { at: unmoved, label: `${text.lines.persistence} (${score(unmoved)})` },
  }))];
}

/** @param {string} process @param {any} value */
function horizonTable(process, value) {
  const rows = process === "forecast" ? horizonOf(value) : [];
  if (!rows.length) return null;
  const chips = { high: "good", medium: "warn", low: "bad" };
  return block(text.horizon,
    make("table", { id: "horizon" },
      make("thead", {}, make("tr", {}, ...[text.hours, text.confidence, text.fss].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...rows.flatMap(({ hours, level, fss, side, drivers }) => [make("tr", {},
        make("th", { scope: "row" }, hours.toFixed(1)),
        make("td", {}, make("span", { class: `chip ${chips[level]}` }, text.levels[level])),
        make("td", {}, `${score(fss)}${side === null ? "" : text.usefulFrom(Number(side.toPrecision(2)))}`)),
        drivers.length > 0 && make("tr", { class: "note" }, make("td", { colspan: "3" }, text.drivenBy(driversText(drivers))))]))),
    make("p", { class: "hint" }, text.horizonNote));
}

/** @param {{name: string, share: number, speed: number}[]} drivers @returns {string} */
function driversText(drivers) {
  const percents = percentages(drivers.map(({ share }) => share), 0);
  return drivers.map(({ name, speed }, k) => text.driver(text.driverNames[name] ?? name, percents[k], speed)).join(", ");
}

/** @param {any} known */
function driversPart(known) {
  const drivers = driversOf(known);
  if (!drivers.length) return null;
  const [{ name }] = drivers;
  return block(text.drivers, make("p", { id: "drivers" }, text.driversText(text.driverNames[name] ?? name, driversText(drivers))));
}

/** @param {any} value */
function parameterTable(value) {
  const rows = value.best ? parametersOf(value) : [];
  if (!rows.length) return null;
  return block(text.parameters, make("table", { id: "parameters" },
    make("thead", {}, make("tr", {}, make("td", {}), ...[text.before, text.after, text.likely].map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {},
      make("th", { scope: "row" }, text.parameterNames[row.name] ?? row.name),
      make("td", {}, parameter(row.name, row.before, row.units)),
      make("td", {}, parameter(row.name, row.after, row.units)),
      make("td", {}, row.p5 === null || row.p95 === null ? "–" : `${parameter(row.name, row.p5, "")} – ${parameter(row.name, row.p95, row.units)}`,
        /** @type {any} */ (rangeBar({
          before: Number(placeOf(row, row.before)), after: Number(placeOf(row, row.after)), from: placeOf(row, row.p5), to: placeOf(row, row.p95),
        }))))))));
}

/** @param {string} process @param {any} value */
function factsTable(process, value) {
  const rows = factsOf(process, value);
  const found = value.found ?? (process === "predict" ? value : null);
  if (found) rows.push(...foundBy(found));
  if (!rows.length) return null;
  return block(text.facts, make("dl", { class: "facts" }, ...rows.flatMap(([name, said]) => [make("dt", {}, name), make("dd", {}, said)])));
}

/** @param {string} process @param {any} value @returns {[string, string][]} */
export function factsOf(process, value) {
  const { factNames: names } = text;
  if (process === "trace") {
    return [...Object.entries(value.area_km2).map(([level, area]) => /** @type {[string, string]} */ ([names.holds(level), amount(Number(area), "km²")])),
      [names.members, String(value.members)]];
  }
  if (value.source?.place) return sourceFacts(value.source);
  if (process === "ensemble") return [[names.members, String(value.members_counted)], [names.possible, amount(value.area_km2, "km²")], [names.coast, amount(value.coast_km, "km")]];
  if (process !== "simulate") return [];
  const when = (/** @type {any} */ { time }) => (value.scores.length > 1 ? ` (${timeField(time)} UTC)` : "");
  return /** @type {[string, string][]} */ ([
    value.afloat && [names.afloat, amount(value.afloat.area_km2, "km²")],
    value.afloat && [names.travelled, amount(value.afloat.travelled_km, "km")],
    value.ashore && [names.ashore, `${amount(value.ashore.mass_t, "t")}, ${amount(value.ashore.oiled_km, "km")}`],
    ...value.scores.map((/** @type {any} */ row) => [`${names.distance}${when(row)}`, row.centroid_distance_m === null ? "–" : amount(row.centroid_distance_m / 1000, "km")]), // of no slick there is no middle
  ].filter(Boolean));
}

/** @param {any} source that was searched @returns {[string, string][]} */
function sourceFacts({ place, start, settled }) {
  const { factNames: names } = text;
  const at = (/** @type {{lon: number, lat: number}} */ { lon, lat }) => placeText(lon, northing(lat));
  const when = (/** @type {string} */ time) => `${timeField(time)} UTC`;
  return [[names.sourceBest, at(place.best)], [names.sourceMiddle, at(place.mean)],
    ...Object.entries(place.ellipses).map(([level, { area_km2: area }]) => /** @type {[string, string]} */ ([(settled ? names.holds : names.holdsLess)(level), amount(area, "km²")])),
    ...Object.entries(start?.intervals ?? {}).map(([level, [first, last]]) => /** @type {[string, string]} */ ([names.began(level), `${when(first)} – ${when(last)}`]))];
}

/** @param {any} report of a model that was run on files @returns {[string, string][]} */
function foundBy({ model, files, succeeded, labels }) {
  const { factNames: names } = text;
  return [[names.model, model], [names.files, `${succeeded} / ${files}`],
    ...Object.entries(labels).map(([label, count]) => /** @type {[string, string]} */ ([names.found(label), String(count)]))];
}

/** @param {string} title @param {...(HTMLElement | null)} parts */
function block(title, ...parts) {
  return make("section", { class: "stack tight" }, make("h3", {}, title), ...parts);
}
