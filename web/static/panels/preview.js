// Asks for what a case would look like with other parameters: the newest question counts, older ones are dropped.

import { askJson, ProblemError } from "../api.js";

/** @typedef {import("../state.js").State} State */

const QUICK = 5000; // particles while a slider is moved
const MOST = 20000;
const SUPERSEDED = 409;

export class Preview {
  /** @param {State} state */
  constructor(state) {
    this.state = state;
    this.session = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    this.newest = 0;
    this.isAsking = false;
    /** @type {(() => void) | null} what is asked next */
    this.next = null;
    /** @type {AbortController | null} */
    this.controller = null;
    /** @type {{key: string, fss: number | null} | null} what the case scores as it is */
    this.before = null;
  }

  /**
   * Ask, once what was asked before has gone out.
   * @param {any} form the case
   * @param {Record<string, number>} parameters
   * @param {boolean} isWhole with all particles of the case
   */
  ask(form, parameters, isWhole) {
    const number = ++this.newest;
    this.next = () => void this.#send(number, form, parameters, isWhole);
    if (!this.isAsking) {
      this.isAsking = true;
      requestAnimationFrame(() => this.#go());
    }
  }

  /** Drop whatever was asked. */
  end() {
    this.newest += 1;
    this.next = null;
    this.controller?.abort();
  }

  #go() {
    this.isAsking = false;
    const { next } = this;
    this.next = null;
    next?.();
  }

  /** @param {number} number @param {any} form @param {Record<string, number>} parameters @param {boolean} isWhole */
  async #send(number, form, parameters, isWhole) {
    this.controller?.abort();
    this.controller = new AbortController();
    const particles = Math.min(isWhole ? MOST : QUICK, form.model?.particles ?? MOST);
    try {
      const found = await this.#asked(form, parameters, particles, this.controller.signal);
      if (number !== this.newest) return;
      if (!this.before || this.before.key !== JSON.stringify(form)) {
        this.before = { key: JSON.stringify(form), fss: null };
        void this.#scoreBefore(form, particles);
      }
      this.state.set({ preview: { ...found, fss: finest(found), particles, isWhole, parameters, before: this.before.fss } });
    } catch (problem) {
      if (number !== this.newest || (problem instanceof ProblemError && problem.status === SUPERSEDED)) return;
      if (problem instanceof DOMException) return;
      this.state.set({ preview: { fault: /** @type {Error} */ (problem).message } });
    }
  }

  /** What the case scores without any change, to compare with. @param {any} form @param {number} particles */
  async #scoreBefore(form, particles) {
    try {
      const found = await askJson("preview", { method: "POST", body: { case: form, parameters: {}, particles, session: `${this.session}-before` } });
      const { preview } = this.state.values;
      if (this.before?.key !== JSON.stringify(form)) return;
      const fss = finest(found);
      this.before.fss = fss;
      if (preview && !preview.fault) this.state.set({ preview: { ...preview, before: fss } });
    } catch {
      // the change is not told then
    }
  }

  /** @param {any} form @param {Record<string, number>} parameters @param {number} particles @param {AbortSignal} signal */
  #asked(form, parameters, particles, signal) {
    return askJson("preview", { method: "POST", body: { case: form, parameters, particles, session: this.session }, signal });
  }
}

/** @param {any} found @returns {number | null} the score at the finest scale */
function finest(found) {
  const [score] = Object.values(found.fss ?? {});
  return score ?? null;
}
