// The page is put together here; each part writes the state and listens to it, and knows no other.

import { follow, read } from "./address.js";
import { element } from "./dom.js";
import { buildLeft } from "./panels/left.js";
import { buildRight } from "./panels/right.js";
import { showPerson } from "./sign-in.js";
import { State } from "./state.js";
import { buildTop } from "./top.js";
import { words } from "./words.js";

const state = new State(read(location.hash));
buildTop(state);
await showPerson(state);
buildLeft(element("left"), state);
buildRight(element("right"), state);
follow(state);
document.documentElement.dataset.ready = "true";
void words;
