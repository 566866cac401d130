// Fills the code samples from the form. The gateway fills the same templates with example values, by the
// same rules: a line whose value is absent is left out, a line with a header stands once for each header.

import { isObject, own } from "./element.js";
import { rest } from "./request.js";
import { quote, rustMessage } from "./rust.js";

/** @import { Json, JsonObject, Operation, Page, Pairs } from "./types" */

const PLACEHOLDER = /\{\{([a-z_.]+):([a-z]+)\}\}/g;

/**
 * What placeholders stand for; what is absent is undefined.
 *
 * @param {Page} page
 * @param {Operation | null} operation
 * @param {JsonObject[]} messages
 * @param {string} base
 * @returns {Record<string, Json | undefined>}
 */
export function values(page, operation, messages, base) {
  const message = messages[0] ?? {};
  const { host, protocol } = new URL(base);
  const asked = operation ? rest(operation, message) : null;
  const bytes = operation?.body?.bytes === true;
  const body = bytes ? undefined : asked?.body;
  const streams = page.method.shape === "client_stream" || page.method.shape === "bidi";
  const bodies = operation && streams ? messages.map((one) => JSON.stringify(rest(operation, one).body ?? {})) : undefined;
  return {
    base, authority: host, plaintext: protocol === "http:" ? "" : undefined, secure: protocol === "https:" ? "" : undefined,
    verb: operation ? (operation.verb === "*" ? "POST" : operation.verb) : undefined,
    url: asked ? base + asked.url : undefined,
    socket: base.replace(/^http/, "ws") + page.method.path,
    body: streams ? undefined : body,
    body_text: streams || body === undefined ? undefined : JSON.stringify(body),
    body_lines: bytes ? undefined : bodies?.join("\n"),
    file: bytes ? "" : undefined,
    message, message_text: JSON.stringify(message),
  };
}

/**
 * @param {string} template
 * @param {Record<string, Json | undefined>} values
 * @param {Pairs} headers
 * @param {Page} page
 */
export function fill(template, values, headers, page) {
  const made = [];
  for (const line of template.split("\n")) {
    if (line.includes("{{header.")) {
      for (const [name, value] of headers) {
        made.push(fillLine(line, { ...values, "header.name": name, "header.value": value, "header.line": `${name}: ${value}` }, page));
      }
    } else if ([...line.matchAll(PLACEHOLDER)].every(([, name]) => own(values, name) !== undefined)) {
      made.push(fillLine(line, values, page));
    }
  }
  return made.join("\n");
}

/** @param {string} line @param {Record<string, Json | undefined>} values @param {Page} page */
function fillLine(line, values, page) {
  const indent = /^ */.exec(line)?.[0] ?? "";
  return line.replace(PLACEHOLDER, (_, name, kind) => {
    const value = own(values, name) ?? null;
    return quoted(value, kind, page).replace(/\n/g, kind === "shell" || kind === "raw" ? "\n" : `\n${indent}`);
  });
}

/** @param {Json} value @param {string} kind @param {Page} page */
function quoted(value, kind, page) {
  switch (kind) {
    case "raw": return String(value);
    case "shell": return shell(String(value));
    case "string": return JSON.stringify(String(value));
    case "json": return JSON.stringify(value, null, 2);
    case "python": return python(value, "");
    case "rust": return isObject(value) ? rustMessage(page, page.method.input, value) : quote(String(value));
    default: return "";
  }
}

/** Single quotes, but where nothing needs them. @param {string} text */
function shell(text) {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

/** JSON in Python's words. @param {Json} value @param {string} indent @returns {string} */
function python(value, indent) {
  const more = `${indent}    `;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) {
    return value.length === 0 ? "[]" : `[\n${value.map((one) => `${more}${python(one, more)},\n`).join("")}${indent}]`;
  }
  if (isObject(value)) {
    const entries = Object.entries(value);
    if (entries.length === 0) return "{}";
    return `{\n${entries.map(([key, one]) => `${more}${JSON.stringify(key)}: ${python(one, more)},\n`).join("")}${indent}}`;
  }
  return JSON.stringify(value);
}
