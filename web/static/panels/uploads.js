// Files of the person at the page: dropped anywhere, read by the service, listed.

import { ask, askJson } from "../api.js";
import { make, refill } from "../dom.js";
import { followDrops } from "../drops.js";
import { compareWith, released, seenAt, startFrom, taken, useOf, without } from "./case.js";
import { timeField } from "./schema.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */
/** @typedef {import("./case.js").Upload} Upload */

const { left: text } = words;

/** @param {State} state */
export async function loadUploads(state) {
  const { uploads } = await askJson("uploads?limit=1000");
  state.set({ uploads });
}

/** @param {string} name @returns {string} what a file most likely is, by its name */
export function purposeOf(name) {
  if (/\.(nc|nc4|cdf)$/i.test(name)) return "forcing";
  return /\.csv$/i.test(name) ? "track" : "mask";
}

/**
 * Bring a file to the service, which reads it as a case would have it read.
 * @param {File} file @param {string} purpose
 * @returns {Promise<Upload>}
 */
export async function bring(file, purpose) {
  const form = new FormData();
  form.append("file", file);
  return askJson(`uploads?purpose=${purpose}`, { method: "POST", form });
}

/**
 * Put what was brought into the case, as far as it is clear what for.
 * @param {State} state @param {Upload} upload
 */
export function use(state, upload) {
  const form = state.get("case");
  if (upload.purpose === "mask") state.set({ case: taken(form, upload, state.get("uploads")) });
  if (upload.purpose === "track") state.set({ case: released(form, { kind: "ship", track: upload.reference }) });
  if (upload.purpose === "lines") state.set({ case: released(form, { kind: "line", geometry: upload.reference }) });
  const { box } = upload.facts ?? {};
  if (box && upload.purpose !== "forcing") state.set({ camera: cameraOn(box), time: seenAt(upload) ?? state.get("time") });
}

/** @param {State} state @param {Upload} upload @returns {string} what the case has it for, in words */
function usedAs(state, upload) {
  const use = useOf(state.get("case"), upload.reference);
  return use ? text.takenAs[use](upload.name) : text.stored(upload.name);
}

/** @param {number[]} box west, south, east, north @returns {import("../state.js").Camera} that shows it, with room round it */
export function cameraOn([west, south, east, north]) {
  const across = (east - west + 360) % 360;
  const most = Math.max(across, (north - south) / Math.cos((((south + north) / 2) * Math.PI) / 180), 0.01);
  return { lon: west + across / 2, lat: (south + north) / 2, zoom: Math.max(Math.log2(360 / most) - 0.5, 1) };
}

/**
 * The place where files are dropped and chosen; the whole page takes them.
 * @param {State} state
 */
export function dropZone(state) {
  const kind = make("select", { id: "drop-kind" }, ...Object.entries(text.kinds).map(([value, name]) => make("option", { value }, name)));
  const input = make("input", { id: "drop-file", type: "file", class: "sr-only", multiple: true });
  const news = make("div", { class: "stack", "aria-live": "polite", id: "drop-news" });
  const tell = (/** @type {string} */ id, /** @type {string} */ line, isBad = false, isBusy = false) => {
    const row = news.querySelector(`[data-file="${CSS.escape(id)}"]`) ?? news.appendChild(make("p", { "data-file": id }));
    row.className = isBad ? "error" : "hint";
    row.toggleAttribute("data-busy", isBusy);
    row.textContent = line;
  };
  let told = 0; // each file has a line of its own, also where others are still being read
  const take = async (/** @type {File[]} */ files, /** @type {string} */ wanted = "") => {
    news.querySelectorAll("p:not([data-busy])").forEach((row) => row.remove());
    /** @type {(() => void)[]} each tells of a file again: an earlier slick takes the place of a later one */
    const lines = [];
    for (const file of files) {
      const id = `${told++}`;
      tell(id, text.reading(file.name), false, true);
      try {
        const upload = await bring(file, wanted || purposeOf(file.name));
        state.set({ uploads: [upload, ...state.get("uploads").filter((/** @type {Upload} */ each) => each.id !== upload.id)] });
        const { unclear, remarks } = upload.facts ?? {};
        const odd = [unclear, ...(remarks ?? [])].filter(Boolean).map((each) => text.plain(file.name, each));
        use(state, upload);
        lines.push(() => tell(id, [usedAs(state, upload), ...odd].join(" "), Boolean(unclear)));
        lines.forEach((line) => line());
      } catch (problem) {
        tell(id, text.refused(file.name, /** @type {Error} */ (problem).message), true);
      }
    }
  };
  input.addEventListener("change", () => {
    void take([...(input.files ?? [])], kind.value === "mask" ? "" : kind.value);
    input.value = "";
  });
  followDrops((files) => take(files));
  return make("section", { class: "drop", "aria-labelledby": "drop-title" },
    make("h2", { id: "drop-title" }, text.drop),
    make("p", { class: "hint", id: "drop-hint" }, text.dropMore),
    make("div", { class: "row" },
      make("label", { class: "button", for: "drop-file" }, text.choose), input,
      make("label", { class: "sr-only", for: "drop-kind" }, text.kind), kind),
    news);
}

/**
 * The list of files, each with what it is used for.
 * @param {State} state
 */
export function filesList(state) {
  const list = make("ul", { class: "list" });
  const show = () => {
    const { uploads } = state.values;
    refill(list, ...(uploads.length ? uploads.map((/** @type {Upload} */ upload) => fileRow(state, upload)) : [make("li", { class: "muted" }, text.noFiles)]));
  };
  state.subscribe(["uploads", "case"], show);
  show();
  return list;
}

/** @param {State} state @param {Upload} upload */
function fileRow(state, upload) {
  const seen = seenAt(upload);
  const remove = async () => {
    await ask(`uploads/${upload.id}`, { method: "DELETE" });
    state.set({
      uploads: state.get("uploads").filter((/** @type {Upload} */ each) => each.id !== upload.id),
      case: without(state.get("case"), upload.reference),
    });
  };
  const fault = make("p", { class: "error", role: "alert" });
  return make("li", { class: "card stack tight" },
    make("div", { class: "spread" },
      make("strong", { class: "break" }, upload.name),
      make("button", { type: "button", class: "quiet small", "aria-label": text.removeOf(upload.name), onclick: () => remove().catch((error) => {
        fault.textContent = error.message;
      }) }, text.remove)),
    make("p", { class: "hint" }, upload.purpose !== "mask" ? text.kinds[/** @type {"forcing"} */ (upload.purpose)] : seen ? text.seen(`${timeField(seen)} UTC`) : text.unseen),
    ...(upload.facts?.remarks ?? []).map((/** @type {string} */ remark) => make("p", { class: "hint break" }, remark)),
    upload.purpose === "mask" && useSelect(state, upload),
    fault);
}

/** @param {State} state @param {Upload} upload */
function useSelect(state, upload) {
  const current = useOf(state.get("case"), upload.reference);
  const select = make("select", { id: `use-${upload.id}`, "aria-label": text.use(upload.name), value: current },
    ...Object.entries(text.uses).map(([value, name]) => make("option", { value, selected: value === current }, name)));
  select.addEventListener("change", () => {
    const form = state.get("case");
    const next = select.value === "release" ? startFrom(form, upload)
      : select.value === "observation" ? compareWith(form, upload) : without(form, upload.reference);
    state.set({ case: next });
  });
  return select;
}
