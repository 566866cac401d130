// Makes elements. Text is always text: nothing here, and nobody else, parses HTML.

import { Exact } from "./json.js";

let made = 0;

/** An id that no other element has. */
export function unique(/** @type {string} */ stem) {
  made += 1;
  return `t-${stem.replace(/[^A-Za-z0-9]/g, "-")}-${made}`;
}

/**
 * An element with attributes and children. An attribute that is `false` or `undefined` is left out,
 * `true` is an empty one.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | undefined>} [attributes]
 * @param {(Node | string | null | undefined)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

/**
 * A button that does something.
 *
 * @param {string} text
 * @param {() => void} pressed
 * @param {Record<string, string | boolean | undefined>} [attributes]
 */
export function button(text, pressed, attributes = {}) {
  const element = el("button", { type: "button", ...attributes }, text);
  element.addEventListener("click", pressed);
  return element;
}

/** An object without inherited keys: names in it come from descriptors, `__proto__` may be among them. */
export function record() {
  return /** @type {import("./types").JsonObject} */ (Object.create(null));
}

/**
 * A key's value, if it is the table's own.
 *
 * @template T
 * @param {Record<string, T>} table
 * @param {string | undefined} key
 * @returns {T | undefined}
 */
export function own(table, key) {
  return key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}

/** @param {unknown} value @returns {value is import("./types").JsonObject} */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Exact);
}

/** Text in which `names` are code. @param {string} text @returns {(string | HTMLElement)[]} */
export function prose(text) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? el("code", {}, part) : part));
}
