// Who is at the page: asked once, and signed in where nobody is.

import { askJson, onSignedOut, ProblemError, useLink } from "./api.js";
import { element, make } from "./dom.js";
import { words } from "./words.js";

/** @typedef {import("./state.js").State} State */

const UNKNOWN = [401, 403, 404]; // answers to a link that has expired or was taken back

/**
 * Find out who is at the page, and have them sign in where the service does not know.
 * @param {State} state
 */
export async function showPerson(state) {
  const shared = state.get("shared");
  if (shared) return showShared(state, shared);
  onSignedOut(signIn);
  while (!state.get("person")) {
    try {
      state.set({ person: await askJson("session") });
    } catch (error) {
      if (!(error instanceof ProblemError && error.status === 401)) throw error;
      await signIn();
    }
  }
  if (state.get("person").auth === "off") return;
  const out = async () => {
    await askJson("session", { method: "DELETE" });
    location.reload();
  };
  element("tools").append(
    make("button", { type: "button", class: "quiet", title: state.get("person").name, onclick: out }, words.top.signOut),
  );
}

/**
 * Show a job to which somebody has sent a link.
 * @param {State} state
 * @param {string} secret
 */
async function showShared(state, secret) {
  useLink(secret);
  try {
    const person = await askJson("session");
    const runs = person.job ? [await askJson(`ogc/jobs/${person.job}`)] : [];
    state.set({ person, runs, run: person.job ?? state.get("run"), other: null });
  } catch (error) {
    const isUnknown = error instanceof ProblemError && UNKNOWN.includes(error.status);
    throw isUnknown ? new ProblemError(error.status, { detail: words.badLink }) : error;
  }
}

/** @type {Promise<void> | null} */
let asking = null;

/** @returns {Promise<void>} when somebody has signed in; asked once at a time */
function signIn() {
  asking ??= askToken().finally(() => {
    asking = null;
  });
  return asking;
}

/** @returns {Promise<void>} */
function askToken() {
  const dialog = /** @type {HTMLDialogElement} */ (element("sign-in"));
  const { signIn: text } = words;
  const token = make("input", { id: "token", type: "password", autocomplete: "current-password", "aria-describedby": "sign-in-hint sign-in-error" });
  const error = make("p", { id: "sign-in-error", class: "error", role: "alert" });
  return new Promise((done) => {
    const send = async (/** @type {string} */ path, /** @type {unknown} */ body) => {
      try {
        await askJson(path, { method: "POST", body });
        dialog.close();
        done();
      } catch (problem) {
        error.textContent = /** @type {Error} */ (problem).message;
        token.focus();
      }
    };
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      if (token.value.trim()) void send("session", { token: token.value.trim() });
      else error.textContent = text.empty;
    };
    dialog.replaceChildren(
      make("form", { class: "stack", onsubmit: submit },
        make("h2", { id: "sign-in-title" }, text.title),
        make("label", { class: "field", for: "token" }, text.token, token),
        make("p", { id: "sign-in-hint", class: "hint" }, text.hint),
        error,
        make("div", { class: "row" },
          make("button", { type: "submit", class: "primary" }, text.button),
          make("button", { type: "button", class: "quiet", onclick: () => send("session/guest", undefined) }, text.guest)),
      ),
    );
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.showModal();
  });
}
