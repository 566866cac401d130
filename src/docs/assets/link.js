// A filled-in request in the address, so that it can be sent to somebody. Never a secret: headers are not
// in it, nor fields that are marked as such, nor keys that sound like it. It stands behind `#`, which no
// server sees.

import { isObject, own, record } from "./element.js";
import { parse } from "./json.js";
import { snake } from "./rust.js";

/** @import { Field, Json, JsonObject, Page } from "./types" */

const MARK = "#try=";

/** Characters of an address that are still an address. */
const LENGTH_MAX = 16_000;

/** Keys of maps and of free JSON that hold a secret, in small letters: what the gateway looks for in the names of fields. */
const SECRET = /(^|_)(password|passwd|passphrase|passcode|pwd|secrets?|credentials?|authorization|apikey|otp|cookies?|jwt)(_|$)|(^|_)(auth|pin|session)$|(^|_)(api|private|access|secret|signing|encryption|auth)_keys?$/;
const TOKEN = /(^|_)tokens?$/;

/** Tokens that say where to read on. */
const PLACE = /(^|_)(page|sync|resume|continuation|next)_tokens?$/;

/**
 * @typedef {object} Saved
 * @property {string} mode
 * @property {number} binding
 * @property {JsonObject[]} messages
 */

/**
 * @param {Page} page
 * @param {Saved} saved
 * @returns {{ href: string, without: string[] } | null} the link, and what is not in it; null: it would be too long
 */
export function write(page, saved) {
  /** @type {Set<string>} */
  const without = new Set();
  const messages = saved.messages.map((message) => bare(page, page.method.input, message, without));
  const text = JSON.stringify({ as: saved.mode, binding: saved.binding, messages });
  const hash = MARK + encodeURIComponent(text.toWellFormed());
  return hash.length > LENGTH_MAX ? null : { href: location.href.split("#")[0] + hash, without: [...without] };
}

/** @returns {Saved | null} */
export function read() {
  if (!location.hash.startsWith(MARK)) return null;
  try {
    const saved = /** @type {any} */ (parse(decodeURIComponent(location.hash.slice(MARK.length))));
    const messages = Array.isArray(saved.messages) ? saved.messages.filter(isObject) : [];
    return { mode: String(saved.as), binding: Number(saved.binding) || 0, messages };
  } catch {
    return null;
  }
}

/** True for a key that holds what nobody should send to others. @param {string} key */
function isSecret(key) {
  const name = snake(key.replace(/[^A-Za-z0-9]+/g, "_"));
  return SECRET.test(name) || (TOKEN.test(name) && !PLACE.test(name));
}

/** A message without its secrets. @param {Page} page @param {string | undefined} type @param {Json} value @param {Set<string>} without @returns {any} */
function bare(page, type, value, without) {
  if (!isObject(value)) return type === "google.protobuf.Value" || type === "google.protobuf.ListValue" ? free(value, without) : value;
  const named = typeof value["@type"] === "string" ? value["@type"].slice(value["@type"].lastIndexOf("/") + 1) : type;
  const message = own(page.messages, named);
  const kept = record();
  if (!message) {
    if (named?.startsWith("google.protobuf.")) return free(value, without);
    // Of a type that the page does not know nobody can say that it holds no secret.
    if (Object.keys(value).length > 0) without.add(`what is in a ${named}`);
    return kept;
  }
  for (const [key, part] of Object.entries(value)) {
    const field = message.fields.find(({ json, name }) => json === key || name === key);
    if (field?.secret) without.add(key);
    else if (field?.key !== undefined && isObject(part)) kept[key] = entries(page, field, part, without);
    else if (field?.kind !== "message") kept[key] = part;
    else if (field.repeated && Array.isArray(part)) kept[key] = part.map((one) => bare(page, field.type, one, without));
    else kept[key] = bare(page, field.type, part, without);
  }
  return kept;
}

/** A map without the entries whose keys sound like secrets. @param {Page} page @param {Field} field @param {JsonObject} map @param {Set<string>} without */
function entries(page, field, map, without) {
  const kept = record();
  for (const [key, one] of Object.entries(map)) {
    if (field.key === "string" && isSecret(key)) without.add(key);
    else kept[key] = field.kind === "message" ? bare(page, field.type, one, without) : one;
  }
  return kept;
}

/** JSON of any form, the same way. @param {Json} value @param {Set<string>} without @returns {Json} */
function free(value, without) {
  if (Array.isArray(value)) return value.map((one) => free(one, without));
  if (!isObject(value)) return value;
  const kept = record();
  for (const [key, part] of Object.entries(value)) {
    if (isSecret(key)) without.add(key);
    else kept[key] = free(part, without);
  }
  return kept;
}
