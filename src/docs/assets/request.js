// A message as a REST request: what of it goes into the path, the query and the body. The gateway reads
// requests back by the same description of the binding.

import { isObject, own, record } from "./element.js";

/** @import { Json, JsonObject, Operation, Variable } from "./types" */

/**
 * @typedef {object} Rest
 * @property {string} url path and query
 * @property {Json | undefined} body absent: no body
 * @property {string[]} problems what could not be expressed
 */

/**
 * @param {Operation} operation
 * @param {JsonObject} message
 * @returns {Rest}
 */
export function rest(operation, message) {
  const problems = /** @type {string[]} */ ([]);
  let url = operation.path.map((part) => (typeof part === "string" ? part : variable(part, message, problems))).join("");
  const dots = url.split("/").find((segment) => segment === "." || segment === "..");
  if (dots) problems.push(`the path would have the segment "${dots}", which browsers take for a step and never send`);
  const pairs = query(operation, message);
  if (pairs.length > 0) url += `?${pairs.map(([name, value]) => `${escape(name)}=${escape(value)}`).join("&")}`;
  return { url, body: body(operation, message), problems };
}

/** @param {Variable} variable @param {JsonObject} message @param {string[]} problems */
function variable({ field, pattern }, message, problems) {
  const value = at(message, field);
  const text = value === undefined || value === null ? "" : String(value);
  if (!matcher(pattern).test(text)) {
    problems.push(`${field.join(".")} is "${text}"; the path wants ${pattern === "*" ? "one segment that is not empty" : pattern}`);
  }
  if (pattern === "*") return escape(text);
  return text.split("/").map(escape).join("/");
}

/** What a variable's value has to look like. */
function matcher(/** @type {string} */ pattern) {
  if (pattern === "*") return /^.+$/s;
  const parts = pattern.split("/").map((part) => {
    if (part === "**") return ".*";
    return part === "*" ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  // `**` may match nothing, the slash before it included.
  return new RegExp(`^${parts.join("/").replace(/\/\.\*/g, "(/.*)?")}$`, "s");
}

/** @param {Operation} operation @param {JsonObject} message @returns {[string, string][]} */
function query(operation, message) {
  /** @type {[string, string][]} */
  const pairs = [];
  for (const { name, field, form } of operation.query) {
    const value = at(message, field);
    if (value === undefined || value === null) continue;
    if (form === "list" && Array.isArray(value)) pairs.push(...value.map((one) => /** @type {[string, string]} */ ([name, text(one)])));
    else if (form === "map" && isObject(value)) pairs.push(...Object.entries(value).map(([key, one]) => /** @type {[string, string]} */ ([`${name}[${key}]`, text(one)])));
    else if (form === "json") pairs.push([name, JSON.stringify(value)]);
    else pairs.push([name, text(value)]);
  }
  return pairs;
}

/** @param {Operation} operation @param {JsonObject} message @returns {Json | undefined} */
function body({ body }, message) {
  if (!body) return undefined;
  const value = at(message, body.at);
  return value === undefined ? undefined : without(value, body.without);
}

/** @param {Json} value @param {string[][]} paths @returns {Json} */
function without(value, paths) {
  if (!isObject(value) || paths.length === 0) return value;
  const kept = record();
  for (const [key, part] of Object.entries(value)) {
    const beneath = paths.filter(([first]) => first === key).map(([, ...rest]) => rest);
    if (!beneath.some((rest) => rest.length === 0)) kept[key] = without(part, beneath);
  }
  return kept;
}

/** @param {JsonObject} message @param {string[]} field @returns {Json | undefined} */
export function at(message, field) {
  /** @type {Json | undefined} */
  let value = message;
  for (const name of field) value = isObject(value) ? own(value, name) : undefined;
  return value;
}

/** @param {Json} value */
function text(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Everything but unreserved characters, as in RFC 3986. */
function escape(/** @type {string} */ text) {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A message's HttpBody as bytes, with its content type. @param {Json | undefined} body @returns {{ type: string, bytes: Uint8Array<ArrayBuffer> }} */
export function httpBody(body) {
  const { contentType, data } = isObject(body) ? body : /** @type {JsonObject} */ ({});
  return {
    type: typeof contentType === "string" ? contentType : "application/octet-stream",
    bytes: typeof data === "string" ? fromBase64(data) : new Uint8Array(),
  };
}

/** Base64 of either alphabet, padded or not. @param {string} text */
export function fromBase64(text) {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, ""));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}
