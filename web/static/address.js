// The view in the address of the page, so that a link restores it.

/** @typedef {import("./state.js").State} State */

const KEYS = /** @type {import("./state.js").Key[]} */ (
  ["shared", "run", "other", "side", "time", "layers", "found", "camera", "panels", "speed"]);
const PAUSE = 250; // milliseconds; browsers refuse an address that changes all the time

/** @type {Record<string, {write: (value: any) => string, read: (text: string) => any}>} */
const FORMS = {
  shared: { write: encodeURIComponent, read: (text) => (/^[\w-]{20,100}$/.test(text) ? text : undefined) },
  run: identifier(),
  other: identifier(),
  side: { write: String, read: (text) => oneOf(text, ["swipe", "beside"]) },
  time: { write: String, read: (text) => (Number.isNaN(Date.parse(text)) ? undefined : text) },
  layers: names(),
  found: {
    write: ({ label, score, from, to }) => [label, score, from, to].map(encodeURIComponent).join(","),
    read: readFound,
  },
  panels: {
    write: names().write,
    read: (text) => ({ left: false, right: false, ...names().read(text) }),
  },
  camera: {
    write: ({ lon, lat, zoom }) => `${lat.toFixed(5)},${lon.toFixed(5)},${zoom.toFixed(2)}`,
    read: readCamera,
  },
  speed: { write: String, read: (text) => oneOf(Number(text), [0.25, 0.5, 1, 2, 4]) },
};

/**
 * Return what a fragment says; what cannot be read is left out.
 * @param {string} fragment
 * @returns {Record<string, any>}
 */
export function read(fragment) {
  /** @type {Record<string, any>} */
  const found = {};
  for (const [key, text] of new URLSearchParams(fragment.replace(/^#/, ""))) {
    const value = Object.hasOwn(FORMS, key) ? FORMS[key].read(text) : undefined;
    if (value !== undefined) found[key] = value;
  }
  return found;
}

/** @param {State} state @returns {string} */
export function write(state) {
  const parts = [];
  for (const key of KEYS) {
    if (!state.isDefault(key)) parts.push(`${key}=${FORMS[key].write(state.get(key))}`);
  }
  return parts.join("&");
}

/**
 * Keep the address of the page as the view is.
 * @param {State} state
 */
export function follow(state) {
  let waiting = 0;
  const now = () => {
    waiting = 0;
    const wanted = `#${write(state)}`;
    if (!state.get("playing") && location.hash !== wanted) history.replaceState(null, "", wanted);
  };
  const later = () => {
    waiting ||= window.setTimeout(now, PAUSE);
  };
  state.subscribe([...KEYS, "playing"], later);
  window.addEventListener("hashchange", (event) => {
    // not what the address is now: the view before may have been written over it in between
    state.set(read(new URL(event.newURL).hash));
    later(); // it may have been that of a part of the page
  });
  now();
}

function identifier() {
  return {
    write: encodeURIComponent,
    read: (/** @type {string} */ text) => (/^[0-9a-f-]{36}$/.test(text) ? text : undefined),
  };
}

function names() {
  return {
    write: (/** @type {Record<string, boolean>} */ value) =>
      Object.keys(value).filter((name) => value[name]).map(encodeURIComponent).join(","),
    read: (/** @type {string} */ text) =>
      Object.fromEntries(text.split(",").filter(Boolean).map((name) => [name, true])),
  };
}

/** @template T @param {T} value @param {T[]} allowed */
function oneOf(value, allowed) {
  return allowed.includes(value) ? value : undefined;
}

/** @param {string} text */
function readFound(text) {
  const [label, score, from, to, ...more] = text.split(",").map(decoded);
  const isDay = (/** @type {string} */ day) => day === "" || (/^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(day)));
  const good = to !== undefined && !more.length && label.length <= 200 && score.trim() !== "" && Number(score) >= 0 && Number(score) <= 1 && isDay(from) && isDay(to);
  return good ? { label, score: Number(score), from, to } : undefined;
}

/** @param {string} text @returns {string} */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} text */
function readCamera(text) {
  const numbers = text.split(",").map((part) => (part.trim() ? Number(part) : NaN));
  const [lat, lon, zoom] = numbers;
  const good = numbers.length === 3 && numbers.every(Number.isFinite)
    && Math.abs(lat) <= 85 && Math.abs(lon) <= 360 && zoom >= 0 && zoom <= 22;
  return good ? { lon, lat, zoom } : undefined;
}
