// Tabs: one of several parts is shown; arrows go from one to the next.

import { make } from "../dom.js";

/**
 * @param {string} name unlike that of other tabs
 * @param {{id: string, title: string, content: HTMLElement}[]} parts
 * @returns {HTMLElement}
 */
export function tabs(name, parts) {
  const buttons = parts.map(({ id, title }, k) => make("button", {
    type: "button", role: "tab", id: `${name}-tab-${id}`, "aria-controls": `${name}-part-${id}`, onclick: () => choose(k),
  }, title));
  const panels = parts.map(({ id, content }) => make("div", { role: "tabpanel", id: `${name}-part-${id}`, "aria-labelledby": `${name}-tab-${id}` }, content));
  const choose = (/** @type {number} */ chosen, withFocus = false) => {
    buttons.forEach((button, k) => {
      button.setAttribute("aria-selected", String(k === chosen));
      button.tabIndex = k === chosen ? 0 : -1;
      panels[k].hidden = k !== chosen;
    });
    if (withFocus) buttons[chosen].focus();
  };
  const bar = make("div", { role: "tablist", class: "tabs" }, ...buttons);
  bar.addEventListener("keydown", (event) => {
    const now = buttons.findIndex((button) => button === document.activeElement);
    const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: parts.length - 1 }[event.key];
    if (now < 0 || next === undefined) return;
    event.preventDefault();
    choose((next + parts.length) % parts.length, true);
  });
  choose(0);
  return make("div", { class: "stack" }, bar, ...panels);
}
