// Particles of a run, output by output, as the service hands them out.

import { ask } from "./api.js";

/**
 * @typedef {{name: string, type: "uint8" | "uint16", scale: import("../player/payload.js").Scale | null}} Column
 * @typedef {{times: string[], count: number, statuses: Record<string, string>, bounds: number[],
 *   layout: {columns: Column[], missing: number, align: number}}} Header
 * @typedef {Record<string, Uint8Array | Uint16Array>} Step a column for each variable
 */

const MOST_PARTICLES = 100_000; // that are drawn; of more there is a fair sample
const BATCH_BYTES = 4e6;
const KEPT_BYTES = 64e6;
const TYPES = { uint8: Uint8Array, uint16: Uint16Array };

export class Steps {
  /**
   * @param {string} address of the particles
   * @param {Header} header
   * @param {() => void} onArrival
   * @param {(error: Error) => void} onFailure
   */
  constructor(address, header, onArrival, onFailure) {
    this.address = address;
    this.header = header;
    this.onArrival = onArrival;
    this.onFailure = onFailure;
    this.thin = Math.ceil(header.count / MOST_PARTICLES);
    this.count = Math.ceil(header.count / this.thin);
    this.length = recordBytes(header, this.count);
    this.batch = Math.max(1, Math.floor(BATCH_BYTES / this.length));
    /** @type {Map<number, Step[] | null>} number of a batch, in the order of use; null: it is on its way */
    this.batches = new Map();
    this.controller = new AbortController();
  }

  /**
   * Return an output if it is here, and have it sent if it is not, with those after it.
   * @param {number} step
   * @returns {Step | null}
   */
  get(step) {
    const number = Math.floor(step / this.batch);
    this.#want(number + 1);
    this.#want(number);
    const batch = this.batches.get(number);
    return batch ? batch[step - number * this.batch] : null;
  }

  /** @param {number} step @returns {Step | null} an output if it is here */
  kept(step) {
    const number = Math.floor(step / this.batch);
    return this.batches.get(number)?.[step - number * this.batch] ?? null;
  }

  /** @param {number} number of a batch */
  #want(number) {
    const first = number * this.batch;
    if (first >= this.header.times.length) return;
    const known = this.batches.get(number);
    if (known !== undefined) { // it was used last
      this.batches.delete(number);
      this.batches.set(number, known);
      return;
    }
    this.batches.set(number, null);
    this.#fetch(number, first).catch((error) => {
      this.batches.delete(number);
      if (error.name !== "AbortError") this.onFailure(error);
    });
  }

  /** @param {number} number @param {number} first */
  async #fetch(number, first) {
    const last = Math.min(first + this.batch, this.header.times.length) - 1;
    const path = `${this.address}/${first}-${last}?thin=${this.thin}`;
    const answer = await ask(path, { signal: this.controller.signal });
    const content = await answer.arrayBuffer();
    const wanted = (last - first + 1) * this.length;
    if (content.byteLength !== wanted) {
      throw new Error(`particles: found ${content.byteLength} bytes, expected ${wanted}`);
    }
    const steps = [];
    for (let start = 0; start < wanted; start += this.length) {
      steps.push(columnsOf(this.header, this.count, content, start));
    }
    this.batches.set(number, steps);
    this.#forget();
    this.onArrival();
  }

  #forget() {
    const most = Math.max(3, Math.floor(KEPT_BYTES / (this.length * this.batch)));
    for (const number of this.batches.keys()) {
      if (this.batches.size <= most) return;
      this.batches.delete(number);
    }
  }

  dispose() {
    this.controller.abort();
    this.batches.clear();
  }
}

/** @param {Header} header @param {number} count of particles @returns {number} length of a record */
export function recordBytes(header, count) {
  const { columns, align } = header.layout;
  const bytes = columns.reduce((sum, { type }) => sum + count * TYPES[type].BYTES_PER_ELEMENT, 0);
  return Math.ceil(bytes / align) * align;
}

/**
 * @param {Header} header
 * @param {number} count
 * @param {ArrayBuffer} content
 * @param {number} start
 * @returns {Step}
 */
export function columnsOf(header, count, content, start) {
  /** @type {Step} */
  const step = {};
  for (const { name, type } of header.layout.columns) {
    step[name] = new TYPES[type](content, start, count);
    start += step[name].byteLength;
  }
  return step;
}
