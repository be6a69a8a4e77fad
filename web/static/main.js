// The page is put together here; each part writes the state and listens to it, and knows no other.

import { follow, read } from "./address.js";
import { ProblemError } from "./api.js";
import { element } from "./dom.js";
import { Middle } from "./middle.js";
import { buildLeft } from "./panels/left.js";
import { buildRight } from "./panels/right.js";
import { showPerson } from "./sign-in.js";
import { State } from "./state.js";
import { buildTop } from "./top.js";
import { words } from "./words.js";

const state = new State(read(location.hash));
buildTop(state);
try {
  await showPerson(state);
  const middle = new Middle(state);
  buildLeft(element("left"), state, middle);
  buildRight(element("right"), state, middle);
  follow(state);
} catch (error) {
  const banner = element("banner");
  banner.hidden = false;
  const isRefused = error instanceof ProblemError;
  const why = error instanceof Error ? error.message : String(error);
  banner.textContent = isRefused ? why : words.oldBrowser(why);
  if (!isRefused) throw error;
}
document.documentElement.dataset.ready = "true";
