// The bar at the top: which panels are open, colours, the link to this view, the banner.

import { write } from "./address.js";
import { addressOf, onAway } from "./api.js";
import { element, make } from "./dom.js";
import { words } from "./words.js";

/** @typedef {import("./state.js").State} State */

const NARROW = matchMedia("(max-width: 760px)");
const DARK = matchMedia("(prefers-color-scheme: dark)");
const THEMES = /** @type {const} */ (["auto", "light", "dark"]);
const KEPT = "witoil.theme";

/** The bar of any page: colours, and whether the service answers. @param {State} state */
export function buildBar(state) {
  followTheme(state);
  followService();
  element("tools").append(themeButton(state));
}

/** The bar of the map. @param {State} state */
export function buildTop(state) {
  followPanels(state);
  const link = make("button", { type: "button", class: "quiet", onclick: () => copyLink(link, state) }, words.top.link);
  element("tools").append(link);
  buildBar(state);
}

/** @param {State} state */
function followPanels(state) {
  const sides = /** @type {const} */ (["left", "right"]);
  const show = () => {
    for (const side of sides) {
      const isOpen = state.get("panels")[side];
      const toggle = element(`${side}-toggle`);
      if (!isOpen && element(side).contains(document.activeElement)) toggle.focus();
      document.body.classList.toggle(`${side}-open`, isOpen);
      element(side).inert = !isOpen;
      toggle.setAttribute("aria-expanded", String(isOpen));
    }
  };
  for (const side of sides) {
    const other = side === "left" ? "right" : "left";
    element(`${side}-toggle`).addEventListener("click", () => {
      const panels = { ...state.get("panels") };
      panels[side] = !panels[side];
      if (panels[side] && NARROW.matches) panels[other] = false; // there is room for one
      state.set({ panels });
    });
  }
  state.subscribe(["panels"], show);
  if (NARROW.matches && !location.hash.includes("panels=")) state.set({ panels: { left: false, right: false } });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && NARROW.matches) state.set({ panels: { left: false, right: false } });
  });
  show();
}

/** @param {State} state */
function followTheme(state) {
  const kept = localStorage.getItem(KEPT);
  const show = () => {
    const theme = state.get("theme");
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(KEPT, theme);
    state.set({ dark: theme === "auto" ? DARK.matches : theme === "dark" });
  };
  state.set({ theme: THEMES.find((each) => each === kept) ?? "auto" });
  state.subscribe(["theme"], show);
  DARK.addEventListener("change", show);
  show();
}

/** @param {State} state */
function themeButton(state) {
  const next = () => THEMES[(THEMES.indexOf(state.get("theme")) + 1) % THEMES.length];
  const button = make("button", { type: "button", class: "quiet icon theme", onclick: () => state.set({ theme: next() }) });
  const show = () => {
    const text = words.top.theme[state.get("theme")];
    button.setAttribute("aria-label", text);
    button.title = text;
  };
  state.subscribe(["theme"], show);
  show();
  return button;
}

/** @param {HTMLButtonElement} button @param {State} state */
async function copyLink(button, state) {
  const link = addressOf(`#${write(state)}`);
  try {
    await navigator.clipboard.writeText(link);
    button.textContent = words.top.linkCopied;
    setTimeout(() => {
      button.textContent = words.top.link;
    }, 2000);
  } catch { // a page that is served without TLS may not write there
    prompt(words.top.link, link);
  }
}

function followService() {
  const banner = element("banner");
  onAway((isAway) => {
    banner.hidden = false;
    banner.textContent = isAway ? words.away : words.back;
    banner.classList.toggle("good", !isAway);
    if (!isAway) setTimeout(() => {
      banner.hidden = true;
    }, 3000);
  });
}
