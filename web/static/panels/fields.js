// A field of the schema as something to type into, with its label, unit, help and what is wrong.

import { make } from "../dom.js";
import { panels as words } from "../words.js";
import { plainName, readField, timeField } from "./schema.js";

/** @typedef {import("./schema.js").Field} Field */

/** @param {(string | number)[]} path @returns {string} the id of the element where it is typed */
export function idOf(path) {
  return `case-${path.join("-")}`;
}

/**
 * Make a field.
 * @param {Field} field
 * @param {(string | number)[]} path of its value in the case
 * @param {any} value
 * @param {(value: any) => void} onChange called with what was typed, where it is right; undefined: nothing
 * @param {{label?: string}} [options]
 * @returns {HTMLElement}
 */
export function fieldElement(field, path, value, onChange, { label } = {}) {
  const id = idOf(path);
  const text = label ?? words.fields[field.name] ?? plainName(field.name);
  if (field.kind === "flag") return flagElement(field, id, text, value, onChange);
  const fault = make("p", { id: `${id}-fault`, class: "error" });
  const control = controlOf(field, id, value);
  control.addEventListener("change", () => {
    const { value: read, fault: wrong } = readField(field, control.value);
    const isTaken = !wrong || wrong === "missing";
    control.toggleAttribute("data-untaken", !isTaken); // the case has another value than the field shows
    showFault(control, fault, isTaken ? "" : wrong);
    if (isTaken) onChange(read);
  });
  return make("div", { class: "field" },
    make("label", { for: id }, text, unitOf(field)),
    control,
    make("p", { id: `${id}-hint`, class: "hint" }, hintOf(field)),
    fault);
}

/** @param {HTMLElement} control @param {HTMLElement} fault @param {string} text */
export function showFault(control, fault, text) {
  fault.textContent = text;
  control.setAttribute("aria-invalid", String(Boolean(text)));
}

/** @param {Field} field */
function unitOf(field) {
  const unit = field.kind === "time" ? words.utc : field.unit;
  return unit ? make("span", { class: "unit" }, ` ${unit}`) : null;
}

/** @param {Field} field @param {string} id @param {any} value @returns {HTMLInputElement | HTMLSelectElement} */
function controlOf(field, id, value) {
  const common = { id, name: id, "aria-describedby": `${id}-hint ${id}-fault`, "aria-required": field.isRequired ? "true" : null };
  if (field.kind === "choice") {
    const chosen = value ?? field.preset ?? "";
    const all = !field.isRequired && field.preset === null ? ["", ...field.choices] : field.choices;
    return make("select", common, ...all.map((each) => make("option", { value: each, selected: each === chosen }, each || "–")));
  }
  const text = field.kind === "time" ? timeField(value) : value ?? "";
  return make("input", {
    ...common,
    type: "text",
    inputmode: field.kind === "number" || field.kind === "integer" ? "decimal" : null,
    autocomplete: "off",
    value: String(text),
    placeholder: field.kind === "time" ? "2021-08-24 03:43" : field.preset ?? null,
  });
}

/** @param {Field} field @param {string} id @param {string} text @param {any} value @param {(value: any) => void} onChange */
function flagElement(field, id, text, value, onChange) {
  const control = make("input", { id, type: "checkbox", checked: value ?? field.preset ?? false, "aria-describedby": `${id}-hint` });
  control.addEventListener("change", () => onChange(control.checked));
  return make("div", { class: "field" },
    make("label", { class: "choice", for: id }, control, text),
    make("p", { id: `${id}-hint`, class: "hint" }, field.help));
}

/** @param {Field} field */
function hintOf(field) {
  const parts = [field.help];
  const { least, most, preset } = field;
  if (least !== null && most !== null && most < 1e9) parts.push(`${least} to ${most}.`);
  if (preset !== null && typeof preset !== "object" && field.kind !== "choice") parts.push(`${words.presetIs(String(preset))}.`);
  return parts.filter(Boolean).join(" ");
}
