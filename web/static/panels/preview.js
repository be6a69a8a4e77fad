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
    /** @type {{key: string, fss: Record<number, number | null>}} what a case scores as it is, by the number of particles */
    this.before = { key: "", fss: {} };
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
      // the clock has the time that is drawn, so that nothing else on the map is of another
      this.state.set({ preview: { ...found, fss: finest(found), particles, parameters, before: null }, time: found.time, playing: false });
      this.#tellBefore();
      void this.prepare(form, particles);
    } catch (problem) {
      if (number !== this.newest || problem instanceof DOMException) return;
      if (problem instanceof ProblemError && problem.status === SUPERSEDED) {
        this.ask(form, parameters, isWhole); // by an older one, which came in later
        return;
      }
      this.state.set({ preview: { fault: /** @type {Error} */ (problem).message } });
    }
  }

  /**
   * Have the service prepare a case, before the first slider is moved, and say what the case scores as it is.
   * @param {any} form @param {number} [particles] as many as it is to be compared with: fewer score otherwise
   */
  async prepare(form, particles = Math.min(QUICK, form.model?.particles ?? QUICK)) {
    const key = JSON.stringify(form);
    if (this.before.key !== key) this.before = { key, fss: {} };
    const { fss } = this.before;
    if (particles in fss) return;
    fss[particles] = null; // is asked for
    try {
      fss[particles] = finest(await this.#asked(form, {}, particles));
      this.#tellBefore();
    } catch {
      delete fss[particles]; // whoever moves a slider hears why
    }
  }

  /** Tell what the case scores as it is, with as many particles. */
  #tellBefore() {
    const { preview, case: form } = this.state.values;
    if (!preview || preview.fault || this.before.key !== JSON.stringify(form)) return;
    this.state.set({ preview: { ...preview, before: this.before.fss[preview.particles] ?? null } });
  }

  /** @param {any} form @param {Record<string, number>} parameters @param {number} particles @param {AbortSignal} [signal] */
  #asked(form, parameters, particles, signal) {
    const session = signal ? this.session : `${this.session}-prepares`;
    return askJson("preview", { method: "POST", body: { case: form, parameters, particles, session }, signal });
  }
}

/** @param {any} found @returns {number | null} the score at the finest scale */
function finest(found) {
  const [score] = Object.values(found.fss ?? {});
  return score ?? null;
}
