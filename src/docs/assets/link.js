// A filled-in request in the address, so that it can be sent to somebody. Never a secret: headers are not
// in it, nor fields that are marked as such. It stands behind `#`, which no server sees.

import { isObject, own, record } from "./element.js";

/** @import { Json, JsonObject, Page } from "./types" */

const MARK = "#try=";

/** Characters of an address that are still an address. */
const LENGTH_MAX = 16_000;

/**
 * @typedef {object} Saved
 * @property {string} mode
 * @property {number} binding
 * @property {JsonObject[]} messages
 */

/** @param {Page} page @param {Saved} saved @returns {string | null} null: it would be too long */
export function write(page, saved) {
  const messages = saved.messages.map((message) => bare(page, page.method.input, message));
  const text = JSON.stringify({ as: saved.mode, binding: saved.binding, messages });
  const hash = MARK + encodeURIComponent(text.toWellFormed());
  return hash.length > LENGTH_MAX ? null : location.href.split("#")[0] + hash;
}

/** @returns {Saved | null} */
export function read() {
  if (!location.hash.startsWith(MARK)) return null;
  try {
    const saved = JSON.parse(decodeURIComponent(location.hash.slice(MARK.length)));
    const messages = Array.isArray(saved.messages) ? saved.messages.filter(isObject) : [];
    return { mode: String(saved.as), binding: Number(saved.binding) || 0, messages };
  } catch {
    return null;
  }
}

/** A message without its secrets. @param {Page} page @param {string | undefined} type @param {Json} value @returns {any} */
function bare(page, type, value) {
  if (!isObject(value)) return value;
  const named = typeof value["@type"] === "string" ? value["@type"].slice(value["@type"].lastIndexOf("/") + 1) : type;
  const message = own(page.messages, named);
  const kept = record();
  // Of a type that the page does not know nobody can say that it holds no secret.
  if (!message) return named?.startsWith("google.protobuf.") ? value : kept;
  for (const [key, part] of Object.entries(value)) {
    const field = message.fields.find(({ json, name }) => json === key || name === key);
    if (field?.secret) continue;
    if (!field || field.kind !== "message") kept[key] = part;
    else if (Array.isArray(part)) kept[key] = part.map((one) => bare(page, field.type, one));
    else if (field.key !== undefined && isObject(part)) {
      const entries = record();
      for (const [name, one] of Object.entries(part)) entries[name] = bare(page, field.type, one);
      kept[key] = entries;
    } else kept[key] = bare(page, field.type, part);
  }
  return kept;
}
