// The case that the form holds: a plain document as the service takes it, changed by pure functions.

/** @typedef {any} Case keys as in a case file */
/** @typedef {{reference: string, id: string, name: string, purpose: string, facts: any}} Upload */

const HOUR = 3600_000;
export const USUAL_HOURS = 48; // of a run whose end nobody has chosen: as long as forecasts of the wind are good

/** @returns {Case} what a form begins with */
export function newCase() {
  return {
    name: "",
    time: { start: "", end: "" },
    forcing: { currents: "", winds: "" },
    release: [],
    oil: { name: "generic-medium-crude" },
    model: { particles: 20000 },
    observation: [],
  };
}

/** @param {any} document @param {(string | number)[]} path @returns {any} */
export function at(document, path) {
  return path.reduce((value, key) => value?.[key], document);
}

/**
 * Return a document in which one place is otherwise; undefined takes it out.
 * @template T @param {T} document @param {(string | number)[]} path @param {any} value @returns {T}
 */
export function changed(document, path, value) {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const copy = /** @type {any} */ (Array.isArray(document) ? [...document] : { ...document });
  const inner = rest.length ? changed(copy[key] ?? {}, rest, value) : value;
  if (inner !== undefined) copy[key] = inner;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy;
}

/** @param {string} time @param {number} hours @returns {string} */
export function later(time, hours) {
  return iso(Date.parse(time) + hours * HOUR);
}

/** @param {number} milliseconds */
function iso(milliseconds) {
  return new Date(milliseconds).toISOString().replace(".000Z", "Z");
}

/** @param {Upload} upload @returns {string | null} when it was seen; null where its file does not say it, or says several */
export function seenAt(upload) {
  const times = upload.facts?.times ?? [];
  return times.length === 1 && !Number.isNaN(Date.parse(times[0])) ? iso(Date.parse(times[0])) : null;
}

/** @param {Case} form @param {string} reference @returns {"release" | "observation" | ""} what it is used for */
export function useOf(form, reference) {
  const uses = (/** @type {any[]} */ rows) => rows?.some((row) => [row.geometry].flat().includes(reference));
  if (uses(form.release)) return "release";
  return uses(form.observation) ? "observation" : "";
}

/** @param {Case} form @param {string} reference @returns {Case} the same without a file */
export function without(form, reference) {
  const keep = (/** @type {any[]} */ rows) => (rows ?? []).filter((row) => ![row.geometry].flat().includes(reference));
  return { ...form, release: keep(form.release), observation: keep(form.observation) };
}

/**
 * Start a run from a slick. How thick it is, is not known: a sheen, as much of it as the Bonn code allows.
 * @param {Case} form @param {Upload} upload @returns {Case}
 */
export function startFrom(form, upload) {
  const time = seenAt(upload);
  const row = { kind: "area", geometry: upload.reference, thickness_class: "sheen", bonn_estimate: "maximum" };
  const next = { ...without(form, upload.reference) };
  next.release = [row, ...next.release];
  if (!next.name) next.name = stem(upload);
  if (time) next.time = { start: time, end: endAfter(next, time) };
  return next;
}

/** @param {Upload} upload @returns {string} its name without what says its format */
function stem(upload) {
  return upload.name.replace(/\.[^.]*$/, "");
}

/** @param {Case} form @param {string} start @returns {string} */
function endAfter(form, start) {
  const { end } = form.time;
  return end && !isGuess(form.time) && Date.parse(end) > Date.parse(start) ? end : later(start, USUAL_HOURS);
}

/** @param {{start: string, end: string}} time @returns {boolean} whether nobody has chosen the end */
function isGuess({ start, end }) {
  return Boolean(start) && end === later(start, USUAL_HOURS);
}

/**
 * Compare a run with a slick; the run goes on until it was seen, and no longer where its end was our guess.
 * @param {Case} form @param {Upload} upload @returns {Case}
 */
export function compareWith(form, upload) {
  const next = { ...without(form, upload.reference) };
  const time = seenAt(upload);
  next.observation = inOrder([...next.observation, { geometry: upload.reference, ...(time ? { time } : {}) }]);
  const { start, end } = next.time;
  if (time && start && Date.parse(time) > Date.parse(start) && (!end || isGuess(next.time) || Date.parse(time) > Date.parse(end))) {
    next.time = { start, end: time };
  }
  return next;
}

/** @param {any[]} observations @returns {any[]} by their times, those without one last */
function inOrder(observations) {
  return [...observations].sort((one, other) => (one.time ?? "9").localeCompare(other.time ?? "9"));
}

/**
 * Use a slick as its time suggests, in whatever order slicks come: the first is what a run starts from, later
 * ones are compared with it.
 * @param {Case} form @param {Upload} upload @param {Upload[]} uploads all that there are
 * @returns {Case}
 */
export function taken(form, upload, uploads) {
  if (!form.release.length) return startFrom(form, upload);
  const first = uploads.find(({ reference }) => form.release.length === 1 && form.release[0].geometry === reference);
  const [time, start] = [seenAt(upload), first && seenAt(first)];
  if (!first || !time || !start || start !== form.time.start || Date.parse(time) >= Date.parse(start)) return compareWith(form, upload);
  const others = without(form, first.reference);
  return compareWith(startFrom({ ...others, name: form.name === stem(first) ? "" : form.name }, upload), first);
}

/**
 * Say what stands for an amount until somebody gives one.
 * @param {string} kind of release @param {string} name of the amount, one of `AMOUNTS`
 * @returns {string | number}
 */
export function guess(kind, name) {
  const guesses = /** @type {Record<string, string | number>} */ ({ thickness_class: "sheen", mass_tonnes: kind === "ship" ? 10 : 100, rate_tonnes_per_hour: 10, thickness_um: 1 });
  return guesses[name];
}

/** @param {Case} form @param {any} place a release without an amount @returns {Case} */
export function released(form, place) {
  const release = { ...place, mass_tonnes: guess(place.kind, "mass_tonnes") };
  const times = release.kind === "ship" && Array.isArray(release.track) ? release.track.map((/** @type {any} */ fix) => fix.time) : [];
  const next = { ...form, release: [...form.release, release], name: form.name || release.kind };
  const [first, last] = [times[0], times[times.length - 1]];
  if (first && last) {
    const start = next.time.start && Date.parse(next.time.start) < Date.parse(first) ? next.time.start : first;
    const end = next.time.end && Date.parse(next.time.end) > Date.parse(last) ? next.time.end : later(last, 24);
    next.time = { start, end };
  }
  return next;
}

export const SECTIONS = /** @type {const} */ (["release", "time", "forcing", "observation", "oil", "model"]);
/** @typedef {(typeof SECTIONS)[number]} SectionName */

/** @typedef {(string | number)[]} Path */
/** @typedef {{key: string, path: Path}} Missing a word of `words.missing`, and where it belongs */
/**
 * @typedef {{untimed: Set<string>, unclear: Map<string, string[]>}} Open references of slicks whose files do not say when
 * they were seen; of files that may mean several things, each with the keys of a case that settle it
 */

/**
 * Say what a part of a case lacks before it can be run.
 * @param {Case} form @param {SectionName} section
 * @param {Open} [open] what files of slicks leave open
 * @returns {Missing[]}
 */
export function missingIn(form, section, open = { untimed: new Set(), unclear: new Map() }) {
  return { release, time, forcing, observation, oil: () => [], model: () => [] }[section](form, open);
}

/** @param {any} row @param {Path} path @param {Open} open @returns {Missing[]} what its file leaves open and no key settles */
function unsettled(row, path, { unclear }) {
  return [row.geometry].flat().flatMap((reference) => {
    const keys = unclear.get(String(reference)) ?? [];
    const isSettled = keys.some((key) => row[key] !== undefined && row[key] !== null && row[key] !== "");
    return !unclear.has(String(reference)) || isSettled ? [] : [{ key: "unclear", path: [...path, ...keys.slice(0, 1)] }];
  });
}

/** @param {Case} form @param {Open} open @returns {Missing[]} */
function release(form, open) {
  if (!form.release.length) return [{ key: "release", path: ["release"] }];
  return form.release.flatMap((/** @type {any} */ row, /** @type {number} */ k) => [...faultsOfRelease(row, ["release", k]), ...unsettled(row, ["release", k], open)]);
}

export const AMOUNTS = /** @type {Record<string, string[]>} */ ({
  area: ["thickness_class", "mass_tonnes", "thickness_um"],
  point: ["mass_tonnes", "rate_tonnes_per_hour"],
  line: ["mass_tonnes", "rate_tonnes_per_hour"],
  ship: ["mass_tonnes", "rate_tonnes_per_hour"],
});

/** @param {any} row @param {(string | number)[]} path @returns {Missing[]} */
function faultsOfRelease(row, path) {
  const found = [];
  const given = AMOUNTS[row.kind].filter((name) => row[name] !== undefined && row[name] !== null);
  if (given.length !== 1 && row.raster_values !== "thickness_um") found.push({ key: "amount", path: [...path, "amount"] });
  if (row.kind === "area" && !row.geometry) found.push({ key: "geometry", path });
  if (row.kind === "point" && !(Number.isFinite(row.lon) && Number.isFinite(row.lat))) found.push({ key: "place", path: [...path, "lon"] });
  return found;
}

/** @param {Case} form @returns {Missing[]} */
function time(form) {
  const { start, end } = form.time;
  if (!start) return [{ key: "start", path: ["time", "start"] }];
  if (!end) return [{ key: "end", path: ["time", "end"] }];
  return Date.parse(end) > Date.parse(start) ? [] : [{ key: "order", path: ["time", "end"] }];
}

/** @param {Case} form @returns {Missing[]} */
function forcing(form) {
  const { currents, winds } = form.forcing;
  const found = ["currents", "winds"].filter((role) => !form.forcing[role]?.length)
    .map((role) => ({ key: role, path: ["forcing", role] }));
  return currents === "none" && winds === "none" ? [{ key: "nothingMoves", path: ["forcing", "currents"] }] : found;
}

/** @param {any} row @param {Path} path @param {Case} form @param {Open} open @returns {Missing[]} if a slick was not seen later */
function untimely(row, path, form, { untimed }) {
  if (!row.time) return untimed.has(String(row.geometry)) ? [{ key: "seen", path }] : [];
  return Date.parse(row.time) > Date.parse(form.time.start) || !form.time.start ? [] : [{ key: "early", path }];
}

/** @param {Case} form @param {Open} open @returns {Missing[]} */
function observation(form, open) {
  return form.observation.flatMap((/** @type {any} */ row, /** @type {number} */ k) => [
    ...untimely(row, ["observation", k, "time"], form, open),
    ...unsettled(row, ["observation", k], open),
  ]);
}

/**
 * Say what a case lacks for a process.
 * @param {Case} form @param {string} process @param {Open} [open] see `missingIn`
 * @returns {Missing[]}
 */
export function missingFor(form, process, open) {
  const found = SECTIONS.flatMap((section) => missingIn(form, section, open));
  const seen = form.observation.length;
  if (["optimise", "reconstruct"].includes(process) && !seen) found.push({ key: "observation", path: ["observation"] });
  if (process === "forecast" && seen < (form.release.length ? 2 : 3)) found.push({ key: "observations", path: ["observation"] });
  if (process === "reconstruct" && !form.release.some((/** @type {any} */ row) => row.kind === "point")) found.push({ key: "point", path: ["release"] });
  if (process === "trace" && !seen && !form.release.some((/** @type {any} */ row) => row.kind === "area")) found.push({ key: "slick", path: ["release"] });
  if (process !== "trace") return found;
  return found.filter(({ key }) => key !== "release" || !seen);
}

const REACH_KM = 10;

/**
 * Return the inputs with which a process is asked for a case.
 * @param {Case} form @param {string} process @returns {any}
 */
export function inputsOf(form, process) {
  const asked = { ...form };
  if (process === "forecast") asked.optimise = { ...form.optimise, start_from: "observations" };
  if (process === "trace") asked.trace = form.trace ?? {};
  if (process === "reconstruct") {
    const searched = form.optimise?.parameters ?? {};
    const place = Object.keys(searched).some((name) => /^source_(east|north|start)/.test(name))
      ? searched
      : { source_east_km: [-REACH_KM, REACH_KM], source_north_km: [-REACH_KM, REACH_KM] };
    asked.optimise = { ...form.optimise, parameters: place };
  }
  if (process === "ensemble") return { case: asked, members: form.ensemble?.members ?? 20 };
  return { case: asked };
}

/**
 * Return a case as a job was asked with, for the form: what is missing there is as a form begins.
 * @param {any} inputs @returns {Case}
 */
export function caseOf(inputs) {
  const given = inputs.case?.value ?? inputs.case;
  return { ...newCase(), ...given, release: given.release ?? [], observation: given.observation ?? [] };
}
