// The legend: statuses of particles, each to be hidden, or the classes of a layer with their unit.

import { distanceText } from "./format.js";
import { colourOf, ramp } from "./palette.js";

/**
 * @typedef {import("./particles.js").Particles} Particles
 * @typedef {import("./layer.js").LayerHeader} LayerHeader
 */

/**
 * Write the legend of particles.
 * @param {HTMLElement} root
 * @param {Particles} particles
 * @param {Set<number>} hidden changed as boxes are ticked
 * @param {boolean} dark
 * @param {() => void} onChange
 */
export function showStatuses(root, particles, hidden, dark, onChange) {
  const list = document.createElement("ul");
  for (const { code, name, label } of particles.about.statuses) {
    if (name === "unreleased" || !particles.status.includes(code)) continue;
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = !hidden.has(code);
    box.addEventListener("change", () => {
      if (box.checked) hidden.delete(code);
      else hidden.add(code);
      onChange();
    });
    const count = document.createElement("span");
    count.className = "count";
    count.dataset.code = String(code);
    const text = document.createElement("label");
    text.append(box, swatch(colourOf(name, dark), name === "beached"), label, count);
    const item = document.createElement("li");
    item.append(text);
    list.append(item);
  }
  root.replaceChildren(title("Particles"), list);
}

/** @param {HTMLElement} root @param {Particles} particles @param {number} step */
export function showCounts(root, particles, step) {
  const counts = particles.counts(step);
  for (const each of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(".count"))) {
    each.textContent = (counts.get(Number(each.dataset.code)) ?? 0).toLocaleString("en");
  }
}

/**
 * Write the legend of a layer.
 * @param {HTMLElement} root
 * @param {LayerHeader} header
 * @param {boolean} dark
 */
export function showClasses(root, header, dark) {
  const list = document.createElement("ul");
  const colours = ramp(header.classes.length, dark);
  header.classes.forEach(({ label }, k) => {
    const item = document.createElement("li");
    item.append(swatch(colours[k], true), label);
    list.prepend(item); // much above little
  });
  const cells = document.createElement("p");
  cells.className = "muted";
  cells.textContent = `Cells of ${distanceText(Number(header.cellMetres.toPrecision(2)))}.`;
  const unit = header.unit && ` [${header.unit}]`;
  root.replaceChildren(title(`${capital(header.label)}${unit}`), list, cells);
}

/** @param {string} text */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {string} text */
function title(text) {
  const heading = document.createElement("h2");
  heading.textContent = text;
  return heading;
}

/** @param {string} colour @param {boolean} large */
function swatch(colour, large) {
  const mark = document.createElement("span");
  mark.className = large ? "swatch" : "swatch small";
  mark.style.backgroundColor = colour;
  return mark;
}
