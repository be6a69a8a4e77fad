// Small charts in SVG: lines with axes and a legend, and bars of parts. Colours are those of the style sheet.

import { make } from "../dom.js";

const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const HEIGHT = 170;
const EDGE = { left: 34, right: 8, top: 8, bottom: 32 };

/**
 * @typedef {{name: string, label: string, points: [number, number | null][], dots?: boolean}} Line `name`: of its class
 * @typedef {{label: string, ticks: {at: number, text: string}[], isLog?: boolean}} Axis the first and the last tick are its ends
 */

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...(Node | string)} children @returns {SVGElement} */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/**
 * Draw lines over an axis of their own.
 * @param {{alt: string, x: Axis, y: Axis, lines: Line[], level?: {at: number, label: string} | null}} chart
 *   `level`: a height that matters, drawn across
 * @returns {HTMLElement}
 */
export function lineChart({ alt, x, y, lines, level = null }) {
  const across = scale(x, EDGE.left, WIDTH - EDGE.right);
  const up = scale(y, HEIGHT - EDGE.bottom, EDGE.top);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": alt, class: "chart" },
    ...ticks(x, y, across, up));
  if (level) picture.append(...levelOf(level, up));
  for (const line of lines) picture.append(...drawn(line, across, up));
  return make("figure", { class: "figure" }, /** @type {any} */ (picture), legend(lines, level));
}

/** @param {Axis} axis @param {number} from @param {number} to @returns {(value: number) => number} pixels */
function scale({ ticks: marks, isLog }, from, to) {
  const of = isLog ? Math.log : (/** @type {number} */ value) => value;
  const low = of(marks[0].at);
  const span = of(marks[marks.length - 1].at) - low || 1;
  return (value) => from + ((of(value) - low) / span) * (to - from);
}

/** @param {Axis} x @param {Axis} y @param {(v: number) => number} across @param {(v: number) => number} up */
function ticks(x, y, across, up) {
  const found = [];
  for (const { at, text } of y.ticks) {
    found.push(svg("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: up(at), y2: up(at) }),
      svg("text", { x: EDGE.left - 5, y: up(at) + 3.5, "text-anchor": "end" }, text));
  }
  x.ticks.forEach(({ at, text }, k) => {
    const anchor = k === x.ticks.length - 1 && k > 0 ? "end" : "middle";
    found.push(svg("text", { x: anchor === "end" ? WIDTH - EDGE.right : across(at), y: HEIGHT - EDGE.bottom + 13, "text-anchor": anchor }, text));
  });
  found.push(svg("text", { x: (EDGE.left + WIDTH - EDGE.right) / 2, y: HEIGHT - 4, "text-anchor": "middle", class: "axis" }, x.label),
    svg("text", { x: EDGE.left + 3, y: EDGE.top + 10, class: "axis" }, y.label));
  return found;
}

/** @param {{at: number, label: string}} level @param {(v: number) => number} up */
function levelOf({ at }, up) {
  return [svg("line", { class: "level", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: up(at), y2: up(at) })];
}

/** @param {Line} line @param {(v: number) => number} across @param {(v: number) => number} up */
function drawn(line, across, up) {
  const known = line.points.filter(([, value]) => value !== null && Number.isFinite(value));
  const places = known.map(([at, value]) => [across(at), up(/** @type {number} */ (value))]);
  const marks = places.map(([left, top]) => svg("circle", { class: `dot line-${line.name}`, cx: left, cy: top, r: line.dots ? 2 : 2.5 }));
  if (line.dots) return marks;
  const path = places.map(([left, top], k) => `${k ? "L" : "M"}${left.toFixed(1)} ${top.toFixed(1)}`).join("");
  return [svg("path", { class: `line line-${line.name}`, d: path }), ...marks];
}

/** @param {Line[]} lines @param {{label: string} | null} level */
function legend(lines, level) {
  const sample = (/** @type {string} */ kind, /** @type {string} */ label, isDot = false) => make("li", {},
    /** @type {any} */ (svg("svg", { viewBox: "0 0 22 10", class: "sample", "aria-hidden": "true" },
      isDot ? svg("circle", { class: `dot ${kind}`, cx: 11, cy: 5, r: 3 }) : svg("path", { class: `line ${kind}`, d: "M1 5H21" }))),
    label);
  return make("ul", { class: "legend" },
    ...lines.map((line) => sample(`line-${line.name}`, line.label, line.dots)),
    level && sample("level", level.label));
}

/**
 * Draw parts of a whole as one bar; the figures stand in a table beside it.
 * @param {{name: string, share: number}[]} parts
 * @param {string} alt
 */
export function bar(parts, alt) {
  let left = 0;
  const pieces = parts.filter(({ share }) => share > 0).map(({ name, share }) => {
    const piece = svg("rect", { class: `fate-${name}`, x: left, y: 0, width: Math.max(share * 100 - 0.4, 0.2), height: 8 });
    left += share * 100;
    return piece;
  });
  return svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": alt, class: "bar-chart" }, ...pieces);
}

/**
 * Draw where values lie between bounds: a range that is likely, a mark before and one after.
 * @param {{before: number, after: number, from: number | null, to: number | null}} places shares of the width, 0 to 1
 */
export function rangeBar({ before, after, from, to }) {
  const x = (/** @type {number} */ share) => 3 + 94 * Math.min(Math.max(share, 0), 1);
  return svg("svg", { viewBox: "0 0 100 10", class: "range-chart", "aria-hidden": "true" },
    svg("line", { class: "grid", x1: 3, x2: 97, y1: 5, y2: 5 }),
    ...(from === null || to === null ? [] : [svg("line", { class: "likely", x1: x(from), x2: x(to), y1: 5, y2: 5 })]),
    svg("line", { class: "mark-before", x1: x(before), x2: x(before), y1: 1, y2: 9 }),
    svg("circle", { class: "mark-after", cx: x(after), cy: 5, r: 2.6 }));
}
