// Elements, made and found.

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return /** @type {T} */ (found);
}

/**
 * Fill an element anew. Whoever was in one of its controls is in the one of the same id again; where that is
 * no more, at the element itself, from which keys go on.
 * @param {HTMLElement} root @param {...(Node | string)} children
 */
export function refill(root, ...children) {
  const held = root.contains(document.activeElement) ? document.activeElement : null;
  root.replaceChildren(...children);
  if (!held) return;
  const again = held.id ? document.getElementById(held.id) : null;
  if (!again) root.tabIndex = -1;
  (again ?? root).focus();
}

/**
 * Make an element. Attributes that are functions listen (`onclick`), those that are `true` or
 * `false` are there or not, and what a page can set only as a property is set so.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.replace(/^on/, ""), value);
    else if (name === "value" || name === "checked") /** @type {any} */ (made)[name] = value;
    else if (typeof value === "boolean" && !name.startsWith("aria-")) made.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  for (const child of children) if (child) made.append(child);
  return made;
}
