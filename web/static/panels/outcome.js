// What the right panel says of a run: how good it is, where the oil is, what there is of files.

import { balance } from "./balance.js";
import { filesPart } from "./files.js";
import { scores } from "./scores.js";

/** @param {import("../state.js").State} state @returns {HTMLElement[]} */
export function outcome(state) {
  return [scores(state), balance(state), filesPart(state)];
}
