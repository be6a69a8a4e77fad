// Jobs of the person at the page: the list, how far each is, what came of the one that is shown.

import { addressOf, ask, askJson, resultsOf } from "../api.js";
import { SHOWN } from "./results.js";

/** @typedef {import("../state.js").State} State */
/** @typedef {any} Job as the service describes it */

const LISTED = 100;
const LOOK = 2500; // milliseconds between looks at jobs that nobody follows
const ENDED = ["successful", "failed", "dismissed"];
const KEPT = ["accepted", "running", "successful", "failed"]; // in the list: what was cancelled or removed left nothing

/** @param {Job} job @returns {boolean} */
export function hasEnded(job) {
  return ENDED.includes(job.status);
}

/**
 * Keep the list of runs as the service has it, follow the one that is shown, and load what came of it.
 * @param {State} state
 */
export function keepRuns(state) {
  /** @type {{id: string, end: () => void} | null} */
  let followed = null;
  let waiting = 0;
  let hasList = false;
  let sought = ""; // of a run that is not in the list: an old one, or one of a link

  const look = async () => {
    window.clearTimeout(waiting);
    const query = [...SHOWN.map((process) => `processID=${process}`), ...KEPT.map((status) => `status=${status}`)].join("&");
    const { jobs } = await askJson(`ogc/jobs?${query}&limit=${LISTED}`);
    hasList = true;
    const isListed = (/** @type {Job} */ run) => jobs.some((/** @type {Job} */ job) => job.jobID === run.jobID);
    state.set({ runs: [...jobs, ...state.get("runs").filter((/** @type {Job} */ run) => !isListed(run) && run.jobID === state.get("run"))] });
    show();
  };
  const schedule = () => {
    window.clearTimeout(waiting);
    const open = !state.get("shared") && state.get("runs").some((/** @type {Job} */ job) => !hasEnded(job) && job.jobID !== followed?.id);
    if (open) waiting = window.setTimeout(look, LOOK);
  };
  const find = async (/** @type {string} */ id) => {
    sought = id;
    try {
      const job = await askJson(`ogc/jobs/${id}`);
      state.set({ runs: [...state.get("runs"), job] });
    } catch {
      // there is none: it stays as if nothing were shown
    }
  };
  const show = () => {
    const job = jobShown(state);
    const id = state.get("run");
    if (id && !job && hasList && sought !== id) void find(id);
    if (followed && followed.id !== job?.jobID) {
      followed.end();
      followed = null;
    }
    if (job && !hasEnded(job) && !followed) followed = { id: job.jobID, end: follow(state, job.jobID) };
    if (job && hasEnded(job) && followed) {
      followed.end();
      followed = null;
    }
    schedule();
    void loadFigures(state);
  };
  state.subscribe(["run", "runs"], show);
  if (!state.get("shared")) {
    void look();
    window.addEventListener("focus", () => void look()); // another page of the same person may have asked for more
  } else {
    hasList = true; // of nothing: a link leads to one job
    show();
  }
}

/** @param {State} state @returns {Job | null} the one that is shown */
export function jobShown(state) {
  return state.get("runs").find((/** @type {Job} */ job) => job.jobID === state.get("run")) ?? null;
}

/** @param {State} state @param {string} id @param {Partial<Job>} changes */
function update(state, id, changes) {
  state.set({ runs: state.get("runs").map((/** @type {Job} */ job) => (job.jobID === id ? { ...job, ...changes } : job)) });
}

/**
 * Follow a job as it happens; where events do not come through, it is asked for now and then.
 * @param {State} state @param {string} id
 * @returns {() => void} what ends it
 */
function follow(state, id) {
  const source = new EventSource(addressOf(`ogc/jobs/${id}/events`));
  let waiting = 0;
  let hasStopped = false;
  const poll = async () => {
    const job = await askJson(`ogc/jobs/${id}`);
    if (hasStopped) return;
    update(state, id, job);
    void loadTrials(state, id);
    if (!hasEnded(job)) waiting = window.setTimeout(poll, LOOK);
  };
  source.addEventListener("status", (event) => {
    const { status, progress, message } = JSON.parse(event.data);
    if (ENDED.includes(status)) {
      source.close();
      void poll(); // its reason and its times
    } else update(state, id, { status, progress, message });
    void loadTrials(state, id);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED && !hasStopped && !waiting) void poll();
  });
  return () => {
    hasStopped = true;
    source.close();
    window.clearTimeout(waiting);
  };
}

const SEARCHES = ["optimise", "reconstruct"];

/** @param {State} state @param {string} id */
async function loadTrials(state, id) {
  const job = jobShown(state);
  if (!job || job.jobID !== id || !SEARCHES.includes(job.processID)) return;
  const known = state.get("trials");
  const before = known?.job === id ? known.trials : [];
  try {
    const found = await askJson(`ogc/jobs/${id}/trials?first=${before.length}`);
    if (state.get("run") === id) state.set({ trials: { ...found, job: id, trials: [...before, ...found.trials] } });
  } catch {
    // nothing was tried yet
  }
}

/** @param {State} state */
async function loadFigures(state) {
  const job = jobShown(state);
  const known = state.get("figures");
  if (known && known.job !== job?.jobID) state.set({ figures: null }); // those of another run under its name would be wrong
  if (job?.status !== "successful" || known?.job === job.jobID || loading === job.jobID) return;
  loading = job.jobID;
  try {
    const links = await askJson(resultsOf(job.jobID));
    const { result: { value }, ...files } = links;
    const drivers = value.drivers ?? (SEARCHES.includes(job.processID) ? await driversOfBest(files) : null);
    if (state.get("run") === job.jobID) state.set({ figures: { job: job.jobID, process: value.then ?? job.processID, value, files, drivers } });
  } finally {
    loading = "";
  }
}

let loading = "";

/** @param {any} files @returns {Promise<any>} what drove the oil in the best run of a search; null where each window has its own */
async function driversOfBest(files) {
  const summaries = [files.summary ?? []].flat();
  return summaries.length === 1 ? (await (await ask(summaries[0].href)).json()).drivers : null;
}

/**
 * Ask for a process.
 * @param {State} state @param {string} process @param {any} inputs
 * @returns {Promise<Job>}
 */
export async function start(state, process, inputs) {
  const job = await askJson(`ogc/processes/${process}/execution`, { method: "POST", body: { inputs } });
  state.set({ runs: [job, ...state.get("runs")], run: job.jobID, trials: null, preview: null });
  return job;
}

/** @param {State} state @param {string} id */
export async function dismiss(state, id) {
  await ask(`ogc/jobs/${id}`, { method: "DELETE" });
  const left = state.get("runs").filter((/** @type {Job} */ job) => job.jobID !== id);
  const isShown = state.get("run") === id;
  state.set({
    runs: left,
    ...(isShown ? { run: null, figures: null } : {}),
    ...(state.get("other") === id ? { other: null } : {}),
  });
}

/**
 * Have a short process done, and wait for what comes of it.
 * @param {string} process @param {any} inputs @param {AbortSignal} [signal]
 * @returns {Promise<any>} the document of its results
 */
export async function done(process, inputs, signal) {
  let answer = await askJson(`ogc/processes/${process}/execution`, { method: "POST", body: { inputs }, signal });
  while (answer.jobID) {
    if (answer.status === "successful") return askJson(`ogc/jobs/${answer.jobID}/results`, { signal });
    if (hasEnded(answer)) throw new Error(answer.message);
    await new Promise((next) => setTimeout(next, LOOK / 2));
    answer = await askJson(`ogc/jobs/${answer.jobID}`, { signal });
  }
  return answer;
}
