// The map as a picture, with its legend written beneath.

import { timeText } from "../player/format.js";
import { make } from "./dom.js";
import { layersOf } from "./legend.js";
import { addShape, SHAPES } from "./things.js";
import { words } from "./words.js";

/**
 * @typedef {import("./pane.js").Pane} Pane
 * @typedef {import("./legend.js").Entry} Entry
 * @typedef {CanvasRenderingContext2D} Context
 */

const LINE = 20; // pixels
const COLUMN = 230;
const MARGIN = 16;

/**
 * Save one map, or two as they stand, as PNG.
 * @param {Pane[]} panes
 * @param {{side: string, cut: number}} how two stand: beside, or the second from `cut` of the width on
 */
export async function savePicture(panes, how) {
  const canvas = await picture(panes, how);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const name = (panes[0].run?.name ?? "map").replace(/[^\p{L}\p{N}._-]+/gu, "-");
  const address = URL.createObjectURL(/** @type {Blob} */ (blob));
  make("a", { href: address, download: `${name}-${timeText(panes[0].now).replace(/[ :]+/g, "-")}.png` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** @param {Pane[]} panes @param {{side: string, cut: number}} how @returns {Promise<HTMLCanvasElement>} */
async function picture(panes, { side, cut }) {
  const maps = await Promise.all(panes.map(flattened));
  const beside = maps.length > 1 && side === "beside";
  const { width, height } = maps[0];
  const whole = beside ? maps[0].width + maps[1].width : width;
  const rows = groupsOn(panes[0]);
  const columns = Math.max(1, Math.floor((whole - 2 * MARGIN) / COLUMN));
  const legend = laidOut(rows, columns);
  const canvas = make("canvas", { width: whole, height: height + LINE * (legend.height + 2) + 2 * MARGIN });
  const context = /** @type {Context} */ (canvas.getContext("2d"));
  const { colours } = panes[0];
  context.fillStyle = colours.dark ? colours.beyond : colours.halo;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(maps[0], 0, 0);
  if (beside) context.drawImage(maps[1], maps[0].width, 0);
  else if (maps[1]) {
    const left = Math.round(cut * width);
    if (left < width) context.drawImage(maps[1], left, 0, width - left, height, left, 0, width - left, height);
  }
  context.translate(MARGIN, height + MARGIN + LINE / 2);
  writeTitle(context, panes, colours.ink);
  context.translate(0, 1.5 * LINE);
  for (const { text, entry, column, row } of legend.items) {
    write(context, text, entry, column * COLUMN, row * LINE, colours);
  }
  return canvas;
}

/** @param {Context} context @param {Pane[]} panes @param {string} ink */
function writeTitle(context, panes, ink) {
  context.textBaseline = "middle";
  context.font = "600 15px system-ui, sans-serif";
  context.fillStyle = ink;
  const names = panes.map(({ run }) => run?.name).filter(Boolean).join(` ${words.compare.against} `);
  context.fillText([names, timeText(panes[0].now)].filter(Boolean).join(", "), 0, 0);
}

/**
 * @param {Context} context
 * @param {string} text
 * @param {Entry | null} entry null: a heading
 * @param {number} x
 * @param {number} y
 * @param {import("../player/palette.js").Ground} colours
 */
function write(context, text, entry, x, y, { ink }) {
  context.font = `${entry ? "400" : "600"} 13px system-ui, sans-serif`;
  if (entry) {
    context.fillStyle = entry.colour;
    if (entry.shape === "none") x -= 22;
    else if (entry.shape === "fill") context.fillRect(x, y - 7, 14, 14);
    else if (SHAPES.includes(entry.shape)) {
      const path = new Path2D();
      addShape(path, entry.shape, [x + 7, y], entry.shape === "dot" ? 4 : 6);
      context.fill(path);
    }
    else context.fillRect(x, y - 1.5, 14, 3);
  }
  context.fillStyle = ink;
  context.fillText(text, entry ? x + 22 : x, y, COLUMN - 30);
}

/** @param {Pane} pane */
function groupsOn(pane) {
  return layersOf(pane).filter(({ name }) => pane.isOn(name));
}

/**
 * Put groups one under the other into columns of much the same length.
 * @param {import("./legend.js").Group[]} groups
 * @param {number} columns
 */
function laidOut(groups, columns) {
  /** @type {number[]} */
  const filled = new Array(columns).fill(0);
  const items = /** @type {{text: string, entry: Entry | null, column: number, row: number}[]} */ ([]);
  for (const { label, unit, entries, hint } of groups) {
    const column = filled.indexOf(Math.min(...filled));
    items.push({ text: unit ? `${label} [${unit}]` : label, entry: null, column, row: filled[column] });
    entries.forEach((entry, k) => items.push({ text: entry.text, entry, column, row: filled[column] + 1 + k }));
    filled[column] += entries.length + 1.5;
    if (!hint) continue;
    items.push({ text: hint, entry: { shape: "none", colour: "", text: hint }, column, row: filled[column] - 0.5 });
    filled[column] += 1;
  }
  return { items, height: Math.max(...filled, 0) };
}

/** @param {Pane} pane @returns {Promise<HTMLCanvasElement>} ground, oil and marks in one */
function flattened(pane) {
  const { width, height } = pane.view;
  const canvas = make("canvas", { width, height });
  const context = /** @type {Context} */ (canvas.getContext("2d"));
  return new Promise((done) => {
    // what the GPU has drawn can be read in the frame of drawing only
    pane.map.once("render", () => {
      for (const layer of [pane.map.getCanvas(), pane.under, pane.oil, pane.marks]) context.drawImage(layer, 0, 0, width, height);
      done(canvas);
    });
    pane.map.triggerRepaint();
  });
}
