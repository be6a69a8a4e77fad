// What is asked of a model: a file, its parameters, where and when it was taken.

import { make } from "../dom.js";
import { followDrops } from "../drops.js";
import { fieldsOf, plainName, readField } from "../panels/schema.js";
import { words } from "./words.js";

/**
 * @typedef {import("../panels/schema.js").Field} Field
 * @typedef {{file: File, form: FormData, georef: any, time: string | null, parameters: Record<string, number | string>}} Asked
 * @typedef {{field: Field, input: HTMLInputElement | HTMLSelectElement, fault: HTMLElement}} Row
 */

const TIME = /** @type {Field} */ ({ name: "time", kind: "time", unit: "UTC", help: words.timeHelp, least: null, most: null, isOpen: false, preset: null, choices: [], isRequired: false });

export class TrialForm {
  /** @param {any} model @param {() => void} onChange @param {(asked: Asked) => void} onAsk */
  constructor(model, onChange, onAsk) {
    this.model = model;
    this.onChange = onChange;
    this.onAsk = onAsk;
    /** @type {File | null} */
    this.file = null;
    this.parameters = rowsOf("parameters", model.fields);
    this.places = /** @type {Record<string, Row[]>} */ (Object.fromEntries(Object.entries(model.georef).map(([kind, schema]) => [kind, rowsOf(kind, schema)])));
    this.time = rowOf("when", TIME);
    this.news = make("p", { class: "hint", role: "status" });
    this.chosen = make("p", { class: "hint break", id: "chosen" }, words.noFile);
    const input = make("input", { type: "file", id: "file", class: "sr-only", accept: model.suffixes.join(",") });
    input.addEventListener("change", () => this.#take([...(input.files ?? [])]));
    followDrops((files) => this.#take(files));
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#ask();
    };
    this.root = make("form", { class: "stack", novalidate: true, onsubmit: submit },
      make("h2", {}, model.title),
      make("p", { class: "hint" }, words.about(model)),
      model.description && make("p", {}, model.description),
      make("section", { class: "drop" }, make("strong", {}, words.drop(model.kind)),
        make("p", { class: "hint" }, words.suffixes(model.suffixes)),
        make("div", { class: "row" }, make("label", { class: "button", for: "file" }, words.choose_file), input), this.chosen),
      this.parameters.length > 0 && make("fieldset", { class: "pair" }, make("legend", { class: "sr-only" }, words.parameters), ...this.parameters.map(shown)),
      !model.is_hosted && this.#place(),
      make("button", { type: "submit", class: "primary", id: "run" }, words.run), this.news);
  }

  #place() {
    const parts = Object.entries(this.places).map(([kind, rows]) => make("div", { class: "pair", "data-kind": kind, hidden: true }, ...rows.map(shown)));
    this.kind = make("select", { id: "georef-kind" }, make("option", { value: "" }, words.nowhere),
      ...Object.keys(this.places).map((kind) => make("option", { value: kind }, words.kinds[kind] ?? kind)));
    this.kind.addEventListener("change", () => parts.forEach((part) => part.toggleAttribute("hidden", part.dataset.kind !== this.kind?.value)));
    return make("fieldset", { class: "stack tight" }, make("legend", { class: "sr-only" }, words.where),
      parts.length > 0 && make("div", { class: "field" }, make("label", { for: "georef-kind" }, words.where), this.kind), ...parts, shown(this.time));
  }

  /** @param {File[]} files */
  #take([file, ...others]) {
    if (!file) return;
    this.file = file;
    this.chosen.textContent = `${words.chosen(file.name, file.size)}${others.length ? words.onlyFirst(others.length + 1) : ""}`;
    this.#ask();
  }

  #ask() {
    this.onChange();
    if (!this.file) return this.say(words.noFile, true);
    const kind = this.kind?.value ?? "";
    const parameters = valuesOf(this.parameters);
    const place = kind ? valuesOf(this.places[kind]) : {};
    const time = valuesOf([this.time]);
    if (!parameters || !place || !time) return this.say(words.mend, true);
    const georef = kind ? { kind, ...place } : null;
    const form = new FormData();
    form.append(this.model.file_field, this.file);
    for (const [name, value] of Object.entries({ ...parameters, ...time })) {
      for (const each of [value].flat()) form.append(name, String(each)); // of a list each by itself
    }
    if (georef) form.append("georef", JSON.stringify(georef));
    return this.onAsk({ file: this.file, form, georef, time: time.time ?? null, parameters });
  }

  /** @param {string} text @param {boolean} [isBad] */
  say(text, isBad = false) {
    this.news.textContent = text;
    this.news.className = isBad ? "error" : "hint";
  }
}

/** @param {string} name of the part @param {any} schema JSON schema of an object @returns {Row[]} */
function rowsOf(name, schema) {
  const fields = fieldsOf({ components: { schemas: { ...schema.$defs, [name]: schema } } }, name);
  return fields.filter(({ name: key }) => key !== "kind").map((field) => rowOf(name, field));
}

/** @param {string} part @param {Field} field @returns {Row} */
function rowOf(part, field) {
  const id = `${part}-${field.name}`;
  const common = { id, "aria-describedby": `${id}-fault` };
  const choices = field.kind === "flag" ? ["true", "false"] : field.kind === "choice" ? field.choices.map(String) : null;
  const preset = field.preset === null ? "" : typeof field.preset === "object" ? JSON.stringify(field.preset) : String(field.preset);
  const input = choices
    ? make("select", common, ...(preset ? [] : [""]).concat(choices).map((value) => make("option", { value, selected: value === preset }, value)))
    : make("input", { ...common, type: "text", autocomplete: "off", value: preset, ...(field.kind === "time" && { placeholder: "2021-08-24 03:43" }) });
  return { field, input, fault: make("p", { class: "error", id: `${id}-fault` }) };
}

/** @param {Row} row */
function shown({ field, input, fault }) {
  return make("div", { class: "field" },
    make("label", { for: input.id, title: field.help }, words.names[field.name] ?? plainName(field.name), field.unit && make("span", { class: "unit" }, ` [${field.unit}]`)), input, fault);
}

/** @param {Row[]} rows @returns {Record<string, any> | null} null where one of them is wrong, which it says */
function valuesOf(rows) {
  /** @type {Record<string, any>} */
  const values = {};
  let isGood = true;
  for (const { field, input, fault } of rows) {
    const read = field.kind === "other" ? readJson(field, input.value) : readField(field, input.value);
    fault.textContent = read.fault;
    input.setAttribute("aria-invalid", String(Boolean(read.fault)));
    if (read.fault) isGood = false;
    else if (read.value !== undefined) values[field.name] = read.value;
  }
  return isGood ? values : null;
}

/** @param {Field} field @param {string} text @returns {{value: any, fault: string}} of numbers in brackets */
function readJson(field, text) {
  if (!text.trim()) return { value: undefined, fault: field.isRequired ? words.missing : "" };
  try {
    return { value: JSON.parse(text), fault: "" };
  } catch {
    return { value: undefined, fault: words.json };
  }
}
