// From the schema of a case to what a form asks: the document of the service says it, once.

/**
 * @typedef {"number" | "integer" | "text" | "time" | "choice" | "flag" | "other"} Kind
 * @typedef {{name: string, kind: Kind, unit: string, help: string, least: number | null,
 *   most: number | null, isOpen: boolean, preset: any, choices: string[], isRequired: boolean}} Field
 *   `isOpen`: the least value itself is not allowed; `preset`: what holds where nothing is given
 */

/**
 * Return the fields of a table of a case, in the order of the schema.
 * @param {any} document OpenAPI
 * @param {string} name of the schema, such as `PointRelease`
 * @returns {Field[]}
 */
export function fieldsOf(document, name) {
  const schema = document.components.schemas[name];
  return Object.entries(schema.properties).map(([key, property]) =>
    fieldOf(document, key, property, (schema.required ?? []).includes(key)));
}

/** @param {any} document @param {string} name @param {any} property @param {boolean} isRequired @returns {Field} */
function fieldOf(document, name, property, isRequired) {
  const plain = withoutNull(document, property);
  const [help, unit] = apart(property.description ?? "", name);
  const open = plain.exclusiveMinimum;
  return {
    name,
    kind: kindOf(plain),
    unit,
    help,
    least: plain.minimum ?? open ?? null,
    most: plain.maximum ?? null,
    isOpen: open !== undefined,
    preset: property.default ?? null,
    choices: plain.enum ?? [],
    isRequired,
  };
}

/** @param {any} document @param {any} schema @returns {any} what it refers to, or may be other than nothing */
function withoutNull(document, schema) {
  let found = schema;
  if (found.$ref) found = document.components.schemas[found.$ref.split("/").pop()];
  const others = (found.anyOf ?? []).filter((/** @type {any} */ each) => each.type !== "null");
  return others.length === 1 ? withoutNull(document, others[0]) : found;
}

/** @param {any} schema @returns {Kind} */
function kindOf(schema) {
  if (schema.enum) return "choice";
  if (schema.format === "date-time") return "time";
  const kinds = /** @type {Record<string, Kind>} */ ({ number: "number", integer: "integer", string: "text", boolean: "flag" });
  return kinds[schema.type] ?? "other";
}

const SUFFIXES = /** @type {[string, string][]} */ ([
  ["_tonnes_per_hour", "t/h"], ["_tonnes", "t"], ["_hours", "h"], ["_minutes", "min"], ["_celsius", "°C"],
  ["_m_s", "m/s"], ["_um", "µm"], ["_deg", "°"], ["_km", "km"], ["_m", "m"],
]);
const UNITS = /** @type {Record<string, string>} */ ({
  1: "", degree: "°", "m2 s-1": "m²/s", "m s-1": "m/s", "t h-1": "t/h", micrometre: "µm", um: "µm",
  "degrees Celsius": "°C", "degrees API": "°API", "degrees_east": "°E", "degrees_north": "°N", degrees: "",
});

/**
 * Take a unit out of a description: `"Mass of all the oil. [t]"`.
 * @param {string} description
 * @param {string} name whose end tells it, where the description does not
 * @returns {[string, string]} what is left, and the unit
 */
function apart(description, name) {
  const found = /\s*\[([^\]]*)\]$/.exec(description);
  const help = found ? description.slice(0, found.index) : description;
  const unit = found ? UNITS[found[1]] ?? found[1] : SUFFIXES.find(([end]) => name.endsWith(end))?.[1] ?? "";
  return [help, unit];
}

/**
 * Return what a field is called where nobody has given it another name.
 * @param {string} name
 */
export function plainName(name) {
  const end = SUFFIXES.find(([suffix]) => name.endsWith(suffix))?.[0] ?? "";
  const words = name.slice(0, name.length - end.length).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Read what somebody has typed.
 * @param {Field} field
 * @param {string} text
 * @returns {{value: any, fault: string}} value undefined where there is none; fault in words where it is wrong
 */
export function readField(field, text) {
  const given = text.trim();
  if (!given) return { value: undefined, fault: field.isRequired ? "missing" : "" };
  if (field.kind === "time") return readTime(given);
  if (field.kind !== "number" && field.kind !== "integer") return { value: given, fault: "" };
  const value = NUMBER.test(given) ? Number(given) : NaN; // with a comma it may be a thousand times another
  return { value, fault: faultOf(field, value) };
}

/** @param {Field} field @param {number} value @returns {string} */
export function faultOf(field, value) {
  if (!Number.isFinite(value)) return "expected a number such as 1.5, without a comma";
  if (field.kind === "integer" && !Number.isInteger(value)) return "expected a whole number";
  const { least, most, isOpen, unit } = field;
  const isLess = least !== null && (isOpen ? value <= least : value < least);
  const isMore = most !== null && value > most;
  if (!isLess && !isMore) return "";
  const of = unit && ` ${unit}`;
  if (least !== null && most !== null) return `expected ${isOpen ? "more than " : ""}${least} to ${most}${of}`;
  return least === null ? `expected ${most}${of} at most` : `expected ${isOpen ? "more than " : ""}${least}${of}${isOpen ? "" : " at least"}`;
}

/**
 * Read a time in UTC, as `2021-08-24 03:43` or with a T, seconds and a zone.
 * @param {string} text
 */
export function readTime(text) {
  const found = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d+)?\s*(Z|UTC|[+-]\d{2}:\d{2})?$/i.exec(text.trim());
  const zone = found?.[4] && /^[+-]/.test(found[4]) ? found[4] : "Z";
  const time = found ? Date.parse(`${found[1]}T${found[2]}${found[3] ?? ":00"}${zone}`) : NaN;
  const day = Date.parse(`${found?.[1]}T00:00:00Z`);
  const isReal = Number.isFinite(time) && new Date(day).toISOString().startsWith(found?.[1] ?? "-"); // no 30 February
  if (!isReal) return { value: undefined, fault: "expected a time such as 2021-08-24 03:43, UTC" };
  return { value: new Date(time).toISOString().replace(".000Z", "Z"), fault: "" };
}

const BASIC = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})$/;

/** @param {string | null | undefined} time ISO 8601, also in its basic format of names of files @returns {string} as a field has it */
export function timeField(time) {
  if (!time) return "";
  const milliseconds = Date.parse(time.replace(BASIC, "$1-$2-$3T$4:$5:00Z"));
  if (Number.isNaN(milliseconds)) return time;
  const text = new Date(milliseconds).toISOString();
  return `${text.slice(0, 10)} ${text.endsWith(":00.000Z") ? text.slice(11, 16) : text.slice(11, 19)}`;
}
