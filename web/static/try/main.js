// A model is tried: a form made of what it takes, and its answer, drawn on the file.

import { askJson, ProblemError } from "../api.js";
import { element, make } from "../dom.js";
import { start } from "../panels/jobs.js";
import { bring } from "../panels/uploads.js";
import { showPerson } from "../sign-in.js";
import { State } from "../state.js";
import { buildBar } from "../top.js";
import { words as all } from "../words.js";
import { Answer } from "./answer.js";
import { TrialForm } from "./form.js";
import { words } from "./words.js";

const state = new State();
const name = new URLSearchParams(location.search).get("model") ?? "";
buildBar(state);
element("tools").prepend(make("a", { class: "button", href: "./" }, words.map));
try {
  await showPerson(state);
  if (name) await tryModel(await askJson(`try/${encodeURIComponent(name)}`));
  else await listModels();
} catch (error) {
  element("ask").append(make("p", { class: "error", role: "alert" }, /** @type {Error} */ (error).message));
  if (name && error instanceof ProblemError && error.status === 404) await listModels();
}
document.documentElement.dataset.ready = "true";

async function listModels() {
  const { models } = await askJson("v2/models/");
  element("ask").append(make("h2", {}, words.choose), make("ul", { class: "list" },
    ...models.map((/** @type {any} */ { id, description }) => make("li", {}, make("a", { href: `try?model=${encodeURIComponent(id)}` }, id),
      make("span", { class: "hint block" }, words.firstOf(description))))));
  if (!models.length) element("ask").append(make("p", { class: "hint" }, words.none));
}

/** @param {any} model what the service says that it takes */
async function tryModel(model) {
  element("run-name").textContent = model.title;
  document.title = all.title(model.title);
  const answer = new Answer(element("answer"), state);
  let running = new AbortController();
  const forget = () => { // what was found in another file, or by other parameters, is no answer to this
    running.abort();
    answer.clear();
  };
  const form = new TrialForm(model, forget, async (asked) => {
    const mine = running = new AbortController();
    form.say(words.running(asked.file.name));
    try {
      const query = model.accept ? `?accept=${encodeURIComponent(model.accept)}` : "";
      const reply = await askJson(`v2/models/${encodeURIComponent(model.name)}/predict/${query}`, { method: "POST", form: asked.form, signal: mine.signal });
      if (mine.signal.aborted) return;
      form.say("");
      const found = model.is_hosted ? reply.predictions ?? reply : reply.predictions[0];
      await answer.show(asked.file, found, () => keep(model, asked));
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "AbortError") form.say(inWords(error), true);
    }
  });
  element("ask").append(form.root);
}

/**
 * Run the model on a file that is stored, so that what it finds stays on the map.
 * @param {any} model @param {import("./form.js").Asked} asked
 * @returns {Promise<string>} where the map shows it
 */
async function keep(model, { file, georef, time, parameters }) {
  const purposes = /** @type {Record<string, string>} */ ({ audio: "sound", raster: "raster" });
  const { reference } = await bring(file, purposes[model.kind] ?? "image");
  const inputs = { module: model.name, version: model.version, files: [reference], parameters, ...(georef && { georef }), ...(time && { time }) };
  const job = await start(state, "predict", inputs);
  return `./#run=${job.jobID}&layers=particles,observed,coast,detections`;
}

/** @param {unknown} error @returns {string} as the service has said it, field by field where it did so */
function inWords(error) {
  const { document } = error instanceof ProblemError ? error : { document: null };
  if (!document || document.detail) return /** @type {Error} */ (error).message;
  return Object.entries(document).map(([field, texts]) => `${field}: ${[texts].flat().join(" ")}`).join("; ");
}
