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
 * @param {Pairs} headers
 * @returns {Record<string, Json | undefined>}
 */
export function values(page, operation, messages, base, headers) {
  const message = messages[0] ?? {};
  const { host, protocol } = new URL(base);
  const plain = protocol === "http:";
  /** @type {Record<string, Json | undefined>} */
  const values = {
    base, authority: host, [plain ? "plaintext" : "secure"]: "",
    socket: `${base.replace(/^http/, "ws")}${page.method.path}`,
    rpc: base + page.method.path, message, messages, message_lines: messages.map((one) => JSON.stringify(one)).join("\n"),
    [headers.length > 0 ? "with_headers" : "without_headers"]: "",
  };
  if (!operation) return values;
  const asked = rest(operation, message);
  const isFile = operation.body?.bytes === true;
  const body = isFile ? undefined : asked.body;
  const streams = page.method.shape === "client_stream" || page.method.shape === "bidi";
  const verb = operation.verb === "*" ? "POST" : operation.verb;
  // `--json` posts by itself, and without it curl gets.
  const natural = body !== undefined && !streams ? "POST" : "GET";
  Object.assign(values, { url: base + asked.url, verb, curl: verb === natural ? "curl" : `curl -X ${verb}` });
  if (headers.length > 0 || isFile || (!streams && body !== undefined)) values.has_headers = "";
  if (isFile) {
    values.file = "";
  } else if (streams) {
    const bodies = messages.map((one) => rest(operation, one).body ?? {});
    Object.assign(values, { bodies, body_lines: bodies.map((one) => JSON.stringify(one)).join("\n") });
  } else if (body !== undefined) {
    Object.assign(values, { body, body_text: JSON.stringify(body), json: "" });
  }
  return values;
}

/**
 * @param {{ lang: string, text: string }} template
 * @param {Record<string, Json | undefined>} values
 * @param {Pairs} headers
 * @param {Page} page
 */
export function fill(template, values, headers, page) {
  /** @type {string[]} */
  const made = [];
  for (const line of template.text.split("\n")) {
    if (line.includes("{{header.")) {
      for (const [name, value] of headers) {
        made.push(fillLine(line, { ...values, "header.name": name, "header.value": value, "header.line": `${name}: ${value}` }, page));
      }
    } else if ([...line.matchAll(PLACEHOLDER)].every(([, name]) => own(values, name) !== undefined)) {
      made.push(fillLine(line, values, page));
    }
  }
  if (template.lang !== "Shell") return made.join("\n");
  // In a shell a line that goes on in the next one says so.
  return made.map((line, place) => {
    const goesOn = made[place + 1]?.startsWith("  ") && !line.endsWith("|") && !line.startsWith("#");
    return goesOn ? `${line} \\` : line;
  }).join("\n");
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
    case "rust": {
      if (isObject(value)) return rustMessage(page, page.method.input, value);
      if (!Array.isArray(value)) return quote(String(value));
      return `vec![${value.filter(isObject).map((one) => rustMessage(page, page.method.input, one)).join(", ")}]`;
    }
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
