// What the page shows: one object that controls write and all that draws listens to.

/**
 * @typedef {{lon: number, lat: number, zoom: number}} Camera
 * @typedef {{left: boolean, right: boolean}} Panels which are open
 */

/**
 * Keys and what they hold at first. Those of `address.js` are in the address of the page, too.
 */
const DEFAULTS = Object.freeze({
  runs: /** @type {any[]} */ ([]), // jobs as the service lists them, the newest first
  run: /** @type {string | null} */ (null), // id of the job that is shown
  other: /** @type {string | null} */ (null), // id of the one it is compared with
  shared: /** @type {string | null} */ (null), // what a link to a job holds that somebody has sent
  side: /** @type {"swipe" | "beside"} */ ("swipe"), // how the two are compared
  time: /** @type {string | null} */ (null), // that is shown, ISO 8601 in UTC
  playing: false,
  speed: 1,
  layers: /** @type {Record<string, boolean>} */ ({ particles: true, observed: true, coast: true }),
  found: { label: "", score: 0, from: "", to: "" }, // which of what models have found: label, least score, days
  camera: /** @type {Camera | null} */ (null),
  panels: /** @type {Panels} */ ({ left: true, right: true }),
  case: /** @type {any} */ (null), // the form
  refused: /** @type {{form: any, parts: string[]} | null} */ (null), // parts that the service refused, and of which form
  untaken: /** @type {string | null} */ (null), // id of a field of the form in which something is typed that the case cannot have
  drawn: /** @type {any} */ (null), // GeoJSON that is being drawn
  preview: /** @type {any} */ (null), // the last answer
  person: /** @type {any} */ (null), // who is signed in, and what there is
  outlines: /** @type {Record<string, any>} */ ({}), // of slicks of the catalogue, GeoJSON by what a case has for them
  undrawn: "", // why what was drawn last is not in the case
  uploads: /** @type {any[]} */ ([]), // files of the person, the newest first
  catalogue: /** @type {any[]} */ ([]), // entries that the operator has named
  coverage: /** @type {any} */ (null), // what the forcing of the case covers
  tool: /** @type {"slick" | "point" | "line" | "ship" | null} */ (null), // that draws
  trials: /** @type {any} */ (null), // of a search that runs
  figures: /** @type {any} */ (null), // what came of the job that is shown
  theme: /** @type {"auto" | "light" | "dark"} */ ("auto"), // that was chosen
  dark: false, // whether colours are those for a dark ground, by choice or by the system
});

/** @typedef {keyof typeof DEFAULTS} Key */

export class State {
  /** @param {Record<string, any>} [first] in place of the defaults */
  constructor(first = {}) {
    this.values = { ...DEFAULTS, ...first };
    /** @type {Set<{keys: string[], fn: (state: State) => void}>} */
    this.listeners = new Set();
  }

  /** @template {Key} K @param {K} key @returns {(typeof DEFAULTS)[K]} */
  get(key) {
    if (!(key in DEFAULTS)) throw new Error(`the state has no ${key}`);
    return this.values[key];
  }

  /** @param {Key} key @returns {boolean} whether it is as at first */
  isDefault(key) {
    return same(this.get(key), DEFAULTS[key]);
  }

  /**
   * Change some keys; each listener hears of it once, and not where nothing is different.
   * @param {Partial<typeof DEFAULTS>} changes
   */
  set(changes) {
    const changed = new Set();
    for (const [key, value] of Object.entries(changes)) {
      if (!(key in DEFAULTS)) throw new Error(`the state has no ${key}`);
      if (same(this.values[/** @type {Key} */ (key)], value)) continue;
      /** @type {any} */ (this.values)[key] = value;
      changed.add(key);
    }
    for (const { keys, fn } of [...this.listeners]) {
      if (keys.some((key) => changed.has(key))) fn(this);
    }
  }

  /**
   * Call a function whenever one of some keys changes.
   * @param {Key[]} keys
   * @param {(state: State) => void} fn
   * @returns {() => void} what ends it
   */
  subscribe(keys, fn) {
    const listener = { keys, fn };
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** @param {unknown} one @param {unknown} other */
function same(one, other) {
  if (one === other) return true;
  return typeof one === "object" && typeof other === "object"
    && JSON.stringify(one) === JSON.stringify(other);
}
