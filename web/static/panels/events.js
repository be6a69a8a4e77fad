// Events of the catalogue: spills with the slicks seen of each, searched by place, date, country and sensor.

import { askJson } from "../api.js";
import { element, make } from "../dom.js";
import { caseOf } from "./case.js";
import { cameraOn } from "./uploads.js";
import { panels as words } from "../words.js";

/** @typedef {import("../state.js").State} State */

const { events: text } = words;
const FIELDS = /** @type {const} */ (["q", "country", "sensor", "from", "to"]);
const TILE = 512; // pixels of the whole earth at zoom 0

/** @param {State} state */
export function eventsList(state) {
  const list = make("ul", { class: "list" });
  const fault = make("p", { class: "error", role: "alert" });
  const count = make("p", { class: "hint", role: "status" });
  const inputs = Object.fromEntries(FIELDS.map((name) => [name, make("input", { id: `events-${name}`, type: name === "from" || name === "to" ? "date" : "text", autocomplete: "off" })]));
  const here = make("input", { id: "events-here", type: "checkbox" });
  let offset = 0;
  let asked = 0; // searches so far: an answer to an older one comes too late
  const search = async () => {
    const mine = (asked += 1);
    fault.textContent = "";
    const query = new URLSearchParams({ limit: "50", offset: String(offset) });
    for (const name of ["q", "country", "sensor"]) if (inputs[name].value.trim()) query.set(name, inputs[name].value.trim());
    const [from, to] = [inputs.from.value, inputs.to.value && `${inputs.to.value}T23:59:59Z`];
    if (from || to) query.set("datetime", `${from ? `${from}T00:00:00Z` : ".."}/${to || ".."}`);
    if (here.checked && state.get("camera")) query.set("bbox", viewOf(state.get("camera")).join(","));
    try {
      const { events, number_matched: matched, left_out: left } = await askJson(`events?${query}`);
      if (mine !== asked) return;
      if (!offset) list.replaceChildren();
      list.append(...events.map((/** @type {any} */ event) => eventRow(state, event, fault)));
      offset += events.length;
      more.hidden = offset >= matched;
      count.textContent = [matched ? text.count(matched) : text.none, ...left].join(" ");
    } catch (problem) {
      if (mine === asked) fault.textContent = /** @type {Error} */ (problem).message;
    }
  };
  const more = make("button", { type: "button", hidden: true, onclick: search }, words.left.more);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    offset = 0;
    void search();
  };
  return make("div", { class: "stack" },
    make("form", { class: "stack tight", role: "search", onsubmit: submit },
      make("div", { class: "pair" }, ...FIELDS.map((name) => make("div", { class: "field" }, make("label", { for: `events-${name}` }, text[name]), inputs[name]))),
      make("label", { class: "choice", for: "events-here" }, here, text.here),
      make("button", { type: "submit", id: "events-search" }, text.search)),
    count, fault, list, more);
}

/** @param {any} camera @returns {string[]} west, south, east, north of what the map shows */
function viewOf({ lon, lat, zoom }) {
  const { clientWidth, clientHeight } = element("map");
  const degree = (TILE * 2 ** zoom) / 360; // pixels
  const half = [clientWidth / degree / 2, (clientHeight / degree / 2) * Math.cos((lat * Math.PI) / 180)];
  const wrapped = (/** @type {number} */ x) => x - 360 * Math.round(x / 360);
  const [west, east] = half[0] >= 180 ? [-180, 180] : [wrapped(lon - half[0]), wrapped(lon + half[0])];
  return [west, Math.max(lat - half[1], -90), east, Math.min(lat + half[1], 90)].map((value) => value.toFixed(4));
}

/** @param {State} state @param {any} event @param {HTMLElement} fault */
function eventRow(state, event, fault) {
  const take = async () => {
    fault.textContent = "";
    try {
      const address = `events/${encodeURIComponent(event.id)}`;
      const [found, { detections }] = await Promise.all([askJson(`${address}/case`), askJson(address)]);
      const outlines = Object.fromEntries(detections.flatMap((/** @type {any} */ { references, geometry }) => references.map((/** @type {string} */ each) => [each, geometry])));
      state.set({ case: caseOf(found), outlines, camera: cameraOn(event.bbox) });
      element("left-tab-case").click();
    } catch (problem) {
      fault.textContent = /** @type {Error} */ (problem).message;
    }
  };
  const all = (/** @type {string} */ key) => [...new Set(event.detections.map((/** @type {any} */ each) => each[key]).filter(Boolean))].join(", ");
  return make("li", { class: "card stack tight" },
    make("strong", { class: "break" }, event.id),
    make("p", { class: "hint" }, [event.start?.slice(0, 10), all("country"), all("sensor"), text.slicks(event.detections.length)].filter(Boolean).join(" · ")),
    event.missing ? make("p", { class: "needs" }, event.missing) : make("button", { type: "button", onclick: take }, text.take));
}
