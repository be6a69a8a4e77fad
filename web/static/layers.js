// The list of layers, which is the legend as well: what is shown says what it means.

import { make } from "./dom.js";
import { layersOf, switched } from "./legend.js";
import { words } from "./words.js";

/** @typedef {import("./pane.js").Pane} Pane */

const ROOM = { width: 620, height: 500 }; // pixels of the map, of which the open list leaves half

export class LayerList {
  /** @param {HTMLElement} root @param {Pane} pane */
  constructor(root, pane) {
    this.pane = pane;
    this.list = make("ul", { class: "layers" });
    this.box = make("details", { class: "float layer-box", open: root.clientWidth > ROOM.width && root.clientHeight > ROOM.height },
      make("summary", {}, words.layersTitle), this.list);
    root.append(this.box);
    this.shown = "";
  }

  /** List the layers anew where anything of them is different. */
  show() {
    const groups = layersOf(this.pane);
    this.box.hidden = groups.length === 0;
    const on = this.pane.state.get("layers");
    const key = JSON.stringify([groups, on, [...this.pane.hidden]], (name, value) => (["count", "form"].includes(name) ? undefined : value));
    if (key === this.shown) {
      this.#count(groups); // boxes stay, or one could not click them while it plays
      return;
    }
    this.shown = key;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.layer;
    this.list.replaceChildren(...groups.map((group) => this.#row(group, Boolean(on[group.name]))));
    if (focused) /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-layer="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {import("./legend.js").Group[]} groups */
  #count(groups) {
    for (const { status, count } of groups.flatMap(({ entries }) => entries)) {
      const place = status && this.list.querySelector(`[data-status="${status}"]`);
      if (place && place.textContent !== count) place.textContent = count ?? "";
    }
  }

  /** @param {import("./legend.js").Group} group @param {boolean} on */
  #row(group, on) {
    const { state } = this.pane;
    const change = (/** @type {Event} */ event) => state.set({
      layers: switched(state.get("layers"), group.name, /** @type {HTMLInputElement} */ (event.target).checked),
    });
    const box = make("input", { type: "checkbox", checked: on, "data-layer": group.name, onchange: change });
    const unit = on && group.unit && make("span", { class: "muted" }, group.unit);
    return make("li", {},
      make("label", { class: "choice" }, box, group.label, unit),
      on && group.entries.length > 0 && make("ul", { class: "entries" }, ...group.entries.map((entry) => this.#entry(entry))),
      on && group.hint && make("p", { class: "hint" }, group.hint),
      on && group.form);
  }

  /** @param {import("./legend.js").Entry} entry */
  #entry({ shape, colour, text, status, count }) {
    const mark = make("span", { class: `mark ${shape}`, "aria-hidden": "true" });
    mark.style.setProperty("--colour", colour);
    if (!status) return make("li", {}, mark, text);
    const { hidden } = this.pane;
    const change = () => {
      if (!hidden.delete(status)) hidden.add(status);
      this.pane.show();
      this.show();
    };
    const box = make("input", { type: "checkbox", checked: !hidden.has(status), "data-layer": `status:${status}`, onchange: change });
    return make("li", {}, make("label", { class: "choice" }, box, mark, text, make("span", { class: "number muted count", "data-status": status }, count)));
  }
}
