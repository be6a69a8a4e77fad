// The form of a case: parts that say whether they are complete, plain words first, the rest under "more".

import { make, refill } from "../dom.js";
import { AMOUNTS, at, changed, guess, later, missingIn, SECTIONS } from "./case.js";
import { fieldElement, idOf, showFault } from "./fields.js";
import { forcingFields } from "./forcing.js";
import { fieldsOf } from "./schema.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */
/** @typedef {import("./case.js").SectionName} SectionName */
/** @typedef {(string | number)[]} Path */

/** What is asked first; all else of the schema stands under "more". */
const PLAIN = /** @type {Record<string, string[]>} */ ({
  AreaRelease: [],
  PointRelease: ["lon", "lat", "start", "end"],
  LineRelease: ["start", "end"],
  ShipRelease: [],
  ObservationFiles: ["time"],
  Model: ["particles"],
  Oil: ["name"],
});
const OF_KIND = /** @type {Record<string, string>} */ ({ area: "AreaRelease", point: "PointRelease", line: "LineRelease", ship: "ShipRelease" });

/** Parts of a case that only some processes look at, under "more". */
const BESIDE = /** @type {[string, string][]} */ ([
  ["score", "Score"], ["optimise", "Optimise"], ["forecast", "Forecast"], ["ensemble", "Ensemble"], ["trace", "Trace"],
  ["processes", "ProcessSwitches"], ["shore", "Shore"],
]);

export class CaseForm {
  /** @param {State} state @param {any} document OpenAPI, which has the schema of a case */
  constructor(state, document) {
    this.state = state;
    this.document = document;
    /** @type {Record<string, string>} what each part was made from, so that it is made anew only when that changes */
    this.made = {};
    /** @type {Record<string, boolean>} whether each part is complete */
    this.complete = {};
    /** @type {string | null} the part in a field of which somebody has just typed, which shows it already */
    this.typed = null;
    /** @type {string | null} the part in a field of which somebody is, who has just left it for the next one, maybe */
    this.inside = null;
    this.parts = Object.fromEntries(SECTIONS.map((name) => [name, this.#part(name)]));
    this.root = make("form", { class: "stack", "aria-label": words.left.parts.case, onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
      this.#nameField(),
      ...SECTIONS.map((name) => this.parts[name].root));
    this.root.addEventListener("change", () => this.#markAll());
    state.subscribe(["case", "uploads", "catalogue", "coverage", "refused"], () => this.show());
    this.show();
  }

  /** Show the case as it is now. */
  show() {
    for (const name of SECTIONS) {
      const key = JSON.stringify(this.#sources(name));
      if (this.made[name] !== key && this.typed !== name) this.#remake(name);
      this.made[name] = key;
    }
    this.#markAll();
    const name = /** @type {HTMLInputElement} */ (this.root.querySelector(`#${idOf(["name"])}`));
    if (document.activeElement !== name) name.value = this.state.get("case").name;
  }

  /** Make a part anew; what was open stays open, and who was in a field is there again. @param {SectionName} name */
  #remake(name) {
    const { body } = this.parts[name];
    const open = [...body.querySelectorAll("details")].filter((each) => each.open).map((each) => each.dataset.key);
    const fields = this.#fields(name);
    for (const each of fields.flatMap((field) => [...field.querySelectorAll("details"), field])) {
      if (each instanceof HTMLDetailsElement) each.open = open.includes(each.dataset.key);
    }
    refill(body, ...fields); // with what was open, or one could not be in it again
  }

  /** @param {SectionName} name */
  #sources(name) {
    const { case: form, uploads, catalogue, coverage } = this.state.values;
    const beside = name === "model" ? BESIDE.map(([key]) => form[key]) : null;
    return [form[name], beside, name === "forcing" ? [uploads.length, catalogue, coverage] : null,
      name === "release" || name === "observation" ? uploads.map((/** @type {any} */ each) => each.id) : null];
  }

  /** @param {SectionName} name */
  #part(name) {
    const chip = make("span", { class: "chip" });
    const body = make("div", { class: "stack" });
    const root = make("details", { class: "part", id: `part-${name}` },
      make("summary", {}, make("span", { class: "part-title" }, words.sections[name]), chip),
      body);
    return { root, body, chip };
  }

  /** Say of each part whether it is complete, and to others whether what is typed is in the case. */
  #markAll() {
    SECTIONS.forEach((name) => this.#mark(name));
    this.state.set({ untaken: this.root.querySelector("[data-untaken]")?.id ?? null });
  }

  /** @param {SectionName} name */
  #mark(name) {
    const form = this.state.get("case");
    const { body, chip } = this.parts[name];
    const missing = missingIn(form, name, leftOpen(this.state)).map(({ key }) => words.missing[key]);
    if (body.querySelector("[data-untaken]")) missing.push(words.missing.untaken);
    const isEmpty = name === "observation" && !form.observation.length;
    const { refused } = this.state.values;
    const isRefused = refused?.form === form && refused.parts.includes(name);
    const isComplete = !missing.length && !isRefused;
    // what is complete makes room for what is not; but nobody loses the field that they are in
    const isIn = this.inside === name || this.parts[name].root.contains(document.activeElement);
    if (this.complete[name] !== isComplete && !isIn) {
      this.parts[name].root.open = !isComplete;
    }
    this.complete[name] = isComplete;
    chip.textContent = isRefused ? words.isRefused : missing.length ? words.missingList([...new Set(missing)]) : isEmpty ? words.isOptional : words.complete;
    chip.className = `chip ${!isComplete ? "warn" : isEmpty ? "" : "good"}`;
  }

  /** @param {SectionName} name @returns {HTMLElement[]} */
  #fields(name) {
    const form = this.state.get("case");
    switch (name) {
      case "release": return form.release.map((/** @type {any} */ row, /** @type {number} */ k) => this.#release(row, k)).concat(this.#addPoint());
      case "time": return [make("div", { class: "pair" }, ...this.#table("Period", ["time"], ["start", "end"]))];
      case "forcing": return [...forcingFields(this.state), this.#more("Forcing", ["forcing"], ["currents", "winds", "waves", "temperature"])];
      case "observation": return this.#observations(form.observation);
      case "oil": return this.#oil();
      default: return [...this.#table("Model", ["model"], PLAIN.Model), this.#more("Model", ["model"], PLAIN.Model), ...this.#beside()];
    }
  }

  #addPoint() {
    const add = () => {
      const form = this.state.get("case");
      const { camera } = this.state.values;
      const place = camera ? { lon: Number(camera.lon.toFixed(4)), lat: Number(camera.lat.toFixed(4)) } : { lon: null, lat: null };
      this.state.set({ case: changed(form, ["release", form.release.length], { kind: "point", ...place, mass_tonnes: guess("point", "mass_tonnes") }) });
      document.getElementById(idOf(["release", form.release.length, "lon"]))?.focus();
    };
    return make("button", { type: "button", onclick: add }, words.addPoint);
  }

  /** @param {any} row @param {number} k @returns {HTMLElement} */
  #release(row, k) {
    const path = ["release", k];
    const schema = OF_KIND[row.kind];
    const name = `${words.kinds[row.kind]} ${this.#fileName(row)}`.trim();
    return make("fieldset", { class: "card stack" },
      make("legend", { class: "sr-only" }, name),
      make("div", { class: "spread" }, make("strong", { class: "break" }, name),
        make("button", { type: "button", class: "quiet small", "aria-label": words.left.removeOf(name), onclick: () => this.#set(path, undefined) }, words.left.remove)),
      ...this.#table(schema, path, PLAIN[schema]),
      row.kind === "ship" && Array.isArray(row.track) && this.#fixes(row.track, path),
      ...this.#amount(row, path),
      this.#more(schema, path, ["kind", "geometry", "coordinates", "track", ...AMOUNTS[row.kind], ...PLAIN[schema]]));
  }

  /** @param {any} row */
  #fileName(row) {
    const reference = [row.geometry ?? row.track].flat()[0];
    const upload = this.state.get("uploads").find((/** @type {any} */ each) => each.reference === reference);
    return upload?.name ?? (typeof reference === "string" ? reference : "");
  }

  /** @param {any} row @param {Path} path @returns {(HTMLElement | false)[]} just one of the amounts that there can be */
  #amount(row, path) {
    const chosen = AMOUNTS[row.kind].find((name) => row[name] !== undefined && row[name] !== null) ?? "";
    const id = idOf([...path, "amount"]);
    const select = make("select", { id },
      ...["", ...AMOUNTS[row.kind]].map((name) => make("option", { value: name, selected: name === chosen },
        words.amount[/** @type {"choose"} */ (name || "choose")])));
    select.addEventListener("change", () => {
      const cleared = AMOUNTS[row.kind].reduce((next, name) => changed(next, [name], undefined), { ...row });
      if (row.kind === "area") delete cleared.bonn_estimate;
      const next = select.value ? { ...cleared, [select.value]: guess(row.kind, select.value) } : cleared;
      if (select.value === "thickness_class") next.bonn_estimate = "maximum";
      this.#set(path, next);
    });
    const field = fieldsOf(this.document, OF_KIND[row.kind]).find(({ name }) => name === chosen);
    const isAsItLooks = chosen === "thickness_class";
    const hint = make("p", { class: "hint" }, isAsItLooks ? words.amount.guess : words.amount.isUnknown);
    const control = field && this.#field(field, path);
    if (!isAsItLooks) control?.addEventListener("change", () => hint.remove());
    return [
      make("div", { class: "field" }, make("label", { for: id }, words.amount.label), select),
      Boolean(field) && row[chosen] === guess(row.kind, chosen) && hint,
      control ?? false,
    ];
  }

  /** @param {any[]} track @param {Path} path */
  #fixes(track, path) {
    const schema = fieldsOf(this.document, "Fix").find(({ name }) => name === "time");
    return make("fieldset", { class: "stack tight" }, make("legend", {}, words.shipTimes),
      ...track.map((fix, k) => fieldElement(/** @type {any} */ (schema), [...path, "track", k, "time"], fix.time,
        (value) => this.#type([...path, "track", k, "time"], value ?? ""), { label: words.fix(k + 1, `${fix.lat.toFixed(3)}, ${fix.lon.toFixed(3)}`) })));
  }

  /** @param {any[]} rows @returns {HTMLElement[]} */
  #observations(rows) {
    if (!rows.length) return [make("p", { class: "hint" }, words.observationNone)];
    return rows.map((row, k) => {
      const name = this.#fileName(row);
      const path = ["observation", k];
      return make("fieldset", { class: "card stack" },
        make("legend", { class: "sr-only" }, name),
        make("div", { class: "spread" }, make("strong", { class: "break" }, name),
          make("button", { type: "button", class: "quiet small", "aria-label": words.left.removeOf(name), onclick: () => this.#set(path, undefined) }, words.left.remove)),
        ...this.#table("ObservationFiles", path, PLAIN.ObservationFiles),
        this.#more("ObservationFiles", path, ["geometry", ...PLAIN.ObservationFiles]));
    });
  }

  #oil() {
    const oil = this.state.get("case").oil ?? {};
    const [name, gravity] = ["name", "api_gravity"].map((key) => fieldsOf(this.document, "Oil").find((field) => field.name === key));
    // one or the other: what is given takes the place of what was
    return [
      fieldElement(/** @type {any} */ (name), ["oil", "name"], oil.name, (value) => this.#set(["oil"], value ? { name: value } : { api_gravity: oil.api_gravity ?? 30 }), { label: words.fields["oil.name"] }),
      fieldElement(/** @type {any} */ (gravity), ["oil", "api_gravity"], oil.api_gravity, (value) => this.#set(["oil"], value === undefined ? { name: "generic-medium-crude" } : { api_gravity: value })),
    ];
  }

  #beside() {
    return BESIDE.map(([key, schema]) => make("details", { "data-key": key }, make("summary", {}, words.beside[key]),
      make("div", { class: "stack" }, ...this.#table(schema, [key], fieldsOf(this.document, schema).map(({ name }) => name)))));
  }

  /** @param {string} schema @param {Path} path @param {string[]} names @returns {HTMLElement[]} */
  #table(schema, path, names) {
    const fields = Object.fromEntries(fieldsOf(this.document, schema).map((field) => [field.name, field]));
    return names.filter((name) => fields[name] && fields[name].kind !== "other").map((name) => this.#field(fields[name], path));
  }

  /** @param {string} schema @param {Path} path @param {string[]} shown what stands elsewhere */
  #more(schema, path, shown) {
    const names = fieldsOf(this.document, schema).filter(({ name }) => !shown.includes(name)).map(({ name }) => name);
    return make("details", { class: "more", "data-key": path.join() }, make("summary", {}, words.more), make("div", { class: "stack" }, ...this.#table(schema, path, names)));
  }

  /** @param {import("./schema.js").Field} field @param {Path} path */
  #field(field, path) {
    const key = `${path[0]}.${field.name}`;
    const label = words.fields[key] ?? words.fields[field.name];
    return fieldElement({ ...field, help: words.help[key] ?? field.help }, [...path, field.name], at(this.state.get("case"), [...path, field.name]),
      (value) => this.#type([...path, field.name], value), { label });
  }

  /** @param {Path} path @param {any} value */
  #type(path, value) {
    const fillsEnd = path.join(".") === "time.start" && !this.state.get("case").time.end;
    this.inside = SECTIONS.find((name) => name === path[0]) ?? "model";
    this.typed = fillsEnd ? null : this.inside;
    this.#set(path, value);
    this.typed = this.inside = null;
  }

  #nameField() {
    const field = fieldsOf(this.document, "Case").find(({ name }) => name === "name");
    return fieldElement(/** @type {any} */ (field), ["name"], this.state.get("case").name, (value) => this.#set(["name"], value ?? ""));
  }

  /** @param {Path} path @param {any} value */
  #set(path, value) {
    let form = changed(this.state.get("case"), path, value);
    if (path.join(".") === "time.start" && value && !form.time.end) form = changed(form, ["time", "end"], later(value, 48));
    for (const key of ["trace", "ensemble", "optimise"]) if (form[key] && !Object.keys(form[key]).length) form = changed(form, [key], undefined);
    this.state.set({ case: form });
  }
}

/** @param {State} state @returns {import("./case.js").Open} what the files of slicks leave open */
export function leftOpen(state) {
  const masks = state.get("uploads").filter((/** @type {any} */ each) => each.purpose === "mask");
  const references = (/** @type {any[]} */ uploads) => uploads.map((each) => each.reference);
  const unclear = masks.filter((/** @type {any} */ each) => each.facts?.unclear);
  return {
    untimed: new Set(references(masks.filter((/** @type {any} */ each) => !(each.facts?.times ?? []).length))),
    // the service names keys of a case between backticks
    unclear: new Map(unclear.map((/** @type {any} */ { reference, facts }) => [reference, [...facts.unclear.matchAll(/`(\w+)`/g)].map(([, key]) => key)])),
  };
}

/**
 * Go to a place of the case, where somebody has to type.
 * @param {Path} path
 */
export function goTo(path) {
  const part = document.getElementById(`part-${path[0]}`);
  if (part instanceof HTMLDetailsElement) part.open = true;
  const target = document.getElementById(idOf(path)) ?? part?.querySelector("input, select, button, summary");
  for (let each = target?.parentElement; each; each = each.parentElement) if (each instanceof HTMLDetailsElement) each.open = true;
  if (target instanceof HTMLElement) target.focus();
  target?.scrollIntoView({ block: "center" });
}

/**
 * Show what the service has refused of a case at the fields that it names, and at their parts.
 * @param {State} state @param {any} form the case as it was asked for
 * @param {{pointer?: string, detail?: string}[]} errors
 * @returns {{path: Path, detail: string}[]} those that stand in the case
 */
export function showRefused(state, form, errors) {
  const places = errors.flatMap(({ pointer = "", detail = "" }) => {
    const parts = pointer.replace(/^\/inputs\/case\/?/, "").split("/").filter(Boolean).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    const control = document.getElementById(idOf(parts));
    const fault = document.getElementById(`${idOf(parts)}-fault`);
    if (control && fault) showFault(control, fault, detail.replace(/^[^:]*:\s*/, ""));
    return [{ path: parts, detail }];
  });
  state.set({ refused: { form, parts: places.filter(({ path }) => path.length).map(({ path }) => SECTIONS.find((name) => name === path[0]) ?? "model") } });
  return places;
}
