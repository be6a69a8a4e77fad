// All requests of the page to the service.

import { words } from "./words.js";

const BASE = new URL("./", document.baseURI);
const WAITS = [1000, 2000, 4000, 8000]; // milliseconds between tries while the service is away
const AWAY = [502, 503, 504];
const BUSY = 429;

/** What the service has refused, in words for people. */
export class ProblemError extends Error {
  /** @param {number} status @param {any} document RFC 9457, as far as there is one */
  constructor(status, document) {
    super(document?.detail ?? words.refused(status));
    this.name = "ProblemError";
    this.status = status;
    this.document = document;
    /** @type {{pointer?: string, detail?: string}[]} of fields of what was sent */
    this.errors = document?.errors ?? [];
  }
}

/** The service did not answer. */
export class AwayError extends Error {
  constructor() {
    super(words.away);
    this.name = "AwayError";
  }
}

let link = ""; // what a link to a job holds that somebody has sent
/** @type {() => Promise<void>} */
let signIn = () => Promise.reject(new Error(words.signedOut));

/** Show with all requests what a link to a job holds. @param {string} secret */
export function useLink(secret) {
  link = secret;
}

/** Have somebody sign in again where the service does not know them any more. @param {() => Promise<void>} fn */
export function onSignedOut(fn) {
  signIn = fn;
}

/** @returns {Record<string, string>} headers by which the service knows who asks */
export function credentials() {
  return link ? { Authorization: `Share ${link}` } : {};
}

/** @param {string} id of a job @returns {string} path of its results, whose files any link on a page can fetch */
export function resultsOf(id) {
  return link ? `shared/${link}` : `ogc/jobs/${id}/results`;
}

/** @type {Set<(isAway: boolean) => void>} */
const listeners = new Set();

/**
 * Hear when the service goes away and when it is back.
 * @param {(isAway: boolean) => void} fn
 * @returns {() => void} what ends it
 */
export function onAway(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

let isLooking = false;

/**
 * Whether the same question may be answered a little later.
 * @param {{status?: number}} problem
 */
export const mayPass = ({ status }) => !status || status === BUSY || AWAY.includes(status);

/**
 * Look whether the service is away, where what others than `ask` have asked for did not come, such as tiles.
 * @param {number} [status] of the answer, where there was one
 */
export async function lookWhetherAway(status) {
  if (isLooking || (status && !AWAY.includes(status))) return;
  isLooking = true;
  try {
    await ask("session");
  } catch {
    // it has answered
  } finally {
    isLooking = false;
  }
}

/** @param {boolean} isAway */
function tell(isAway) {
  for (const fn of listeners) fn(isAway);
}

/**
 * Ask the service. What only reads waits until the service is back where it is away.
 * @param {string} path relative to the page, such as `ogc/jobs`
 * @param {{method?: string, body?: unknown, form?: FormData, signal?: AbortSignal,
 *   headers?: Record<string, string>}} [options] `body` is sent as JSON
 * @returns {Promise<Response>}
 * @throws {ProblemError} the service has refused
 * @throws {AwayError} it did not answer, to what may not be sent twice
 * @throws {DOMException} named AbortError: the signal ended it
 */
export async function ask(path, options = {}) {
  const { method = "GET", signal } = options;
  for (let trial = 0; ; trial += 1) {
    const answer = await sent(path, options);
    if (answer && !AWAY.includes(answer.status)) {
      if (trial > 0) tell(false);
      if (answer.ok) return answer;
      if (answer.status === 401 && !path.startsWith("session") && !link) {
        await signIn();
        continue;
      }
      throw new ProblemError(answer.status, await documentOf(answer));
    }
    if (method !== "GET") throw answer ? new ProblemError(answer.status, await documentOf(answer)) : new AwayError();
    tell(true);
    await pause(WAITS[Math.min(trial, WAITS.length - 1)], signal);
  }
}

/**
 * Ask for a JSON document.
 * @param {string} path
 * @param {Parameters<typeof ask>[1]} [options]
 * @returns {Promise<any>}
 */
export async function askJson(path, options) {
  const answer = await ask(path, options);
  return answer.status === 204 ? null : answer.json();
}

/** @param {string} path @returns {string} the whole address */
export function addressOf(path) {
  return new URL(path, BASE).href;
}

/** @param {string} path @param {NonNullable<Parameters<typeof ask>[1]>} options */
async function sent(path, { method = "GET", body, form, signal, headers = {} }) {
  const isJson = body !== undefined;
  try {
    return await fetch(addressOf(path), {
      method,
      signal,
      headers: { Accept: "application/json, */*", ...credentials(), ...(isJson && { "Content-Type": "application/json" }), ...headers },
      body: isJson ? JSON.stringify(body) : form,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    return null; // no answer at all
  }
}

/** @param {Response} answer */
async function documentOf(answer) {
  try {
    return await answer.json();
  } catch {
    return null;
  }
}

/** @param {number} milliseconds @param {AbortSignal} [signal] */
function pause(milliseconds, signal) {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      fail(signal.reason);
    }, { once: true });
  });
}
