// Controls for the types that JSON writes in a form of their own, and for bytes.

import { button, el, isObject, own, record, unique } from "./element.js";
import { parse } from "./json.js";
import { judged, line, scalar } from "./scalar.js";

/** @import { Control, Field, JsonObject, Place, Scope } from "./types" */

/** Bytes of a file that fit into a form. */
const FILE_MAX = 8 * 1024 * 1024;

const WRAPPED = /** @type {Record<string, string>} */ ({
  DoubleValue: "double", FloatValue: "float", Int64Value: "int64", UInt64Value: "uint64", Int32Value: "int32",
  UInt32Value: "uint32", BoolValue: "bool", StringValue: "string", BytesValue: "bytes",
});

const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
const DURATION = /^-?\d+(\.\d{1,9})?s$/;
const PATHS = /^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*(,[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*)*$/;

/**
 * The control of a type that is none of the form's own messages, or null if it is one.
 *
 * @param {Field} field
 * @param {Place} place
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control | null}
 */
export function wellKnown(field, place, scope, depth) {
  if (field.kind === "bytes") return bytes(field, place, scope);
  if (field.kind === "enum" && field.type === "google.protobuf.NullValue") return json(field, place, scope, "null");
  if (field.kind !== "message") return null;
  const [, short] = /^google\.protobuf\.(\w+)$/.exec(field.type ?? "") ?? [];
  const wrapped = own(WRAPPED, short);
  if (wrapped === "bytes") return bytes(field, place, scope);
  if (wrapped) return scalar({ ...field, kind: wrapped, presence: true }, place, scope);
  switch (short) {
    case "Timestamp":
      return timestamp(field, place, scope);
    case "Duration":
      return line({ field, place, scope, hint: "3.5s", read: fitting(DURATION, "seconds with an s behind them are expected, such as 3.5s") });
    case "FieldMask":
      return line({ field, place, scope, hint: "title,author.name", read: fitting(PATHS, "field names with commas between them are expected") });
    case "Struct":
      return json(field, place, scope, "{ }");
    case "ListValue":
      return json(field, place, scope, "[ ]");
    case "Value":
      return json(field, place, scope, "any JSON");
    case "Any":
      return any(field, place, scope, depth);
    case "Empty":
      return null;
  }
  if (field.type === "google.api.HttpBody") return httpBody(field, place, scope);
  return own(scope.page.messages, field.type) ? null : json(field, place, scope, "{ }");
}

/** @param {RegExp} pattern @param {string} otherwise */
function fitting(pattern, otherwise) {
  return (/** @type {string} */ text) => (pattern.test(text) ? { value: text } : { problem: otherwise });
}

/** @param {Field} field @param {Place} place @param {Scope} scope @returns {Control} */
function timestamp(field, place, scope) {
  const control = line({
    field, place, scope, hint: "2026-01-31T12:00:00Z",
    read: fitting(TIME, "a time with its zone is expected, such as 2026-01-31T12:00:00Z"),
  });
  const now = button("Now", () => {
    control.set(`${new Date().toISOString().slice(0, 19)}Z`);
    scope.changed();
  }, { class: "small", "aria-label": `Now, for ${place.label ?? field.json}` });
  control.input.after(now);
  return control;
}

/**
 * JSON as it is typed.
 *
 * @param {Field} field
 * @param {Place} place
 * @param {Scope} scope
 * @param {string} hint
 * @returns {Control}
 */
export function json(field, place, scope, hint) {
  const input = el("textarea", { id: place.id, rows: 2, spellcheck: "false", placeholder: hint, class: "code", "aria-label": place.label });
  const read = () => {
    if (input.value.trim() === "") return {};
    try {
      return { value: parse(input.value) };
    } catch (error) {
      return { problem: `no JSON: ${error instanceof Error ? error.message : error}` };
    }
  };
  return {
    ...judged(input, place, field.rules, scope, read),
    set(value) {
      input.value = value === undefined ? "" : JSON.stringify(value, null, 2);
      return [];
    },
  };
}

/** @param {Field} field @param {Place} place @param {Scope} scope @returns {Control} */
function bytes(field, place, scope) {
  const control = line({
    field, place, scope, hint: "base64",
    read: (text) => (/^[A-Za-z0-9+/_-]*={0,2}$/.test(text) ? { value: text } : { problem: "base64 is expected" }),
  });
  const file = picker(place, (encoded) => {
    control.set(encoded);
    scope.changed();
  });
  control.input.after(file);
  return control;
}

/**
 * A file's content, and its type.
 *
 * @param {Field} field
 * @param {Place} place
 * @param {Scope} scope
 * @returns {Control}
 */
function httpBody(field, place, scope) {
  const type = el("input", { id: unique("type"), type: "text", autocomplete: "off", placeholder: "application/octet-stream" });
  const data = line({
    field, place, scope, hint: "base64",
    read: (text) => (/^[A-Za-z0-9+/_-]*={0,2}$/.test(text) ? { value: text } : { problem: "base64 is expected" }),
  });
  const file = picker(place, (encoded, kind) => {
    data.set(encoded);
    type.value = kind;
    scope.changed();
  });
  data.input.after(file);
  type.addEventListener("input", scope.changed);
  const element = el(
    "div", { class: "control pair" },
    el("label", { for: type.id }, "content type"), type,
    el("label", { for: place.id }, "content"), data.element,
  );
  return {
    element,
    get() {
      const content = data.get();
      if (content === undefined && type.value === "") return undefined;
      const body = record();
      if (type.value !== "") body.contentType = type.value;
      if (content !== undefined) body.data = content;
      return body;
    },
    set(value) {
      const { contentType, data: content, ...rest } = isObject(value) ? value : /** @type {JsonObject} */ ({});
      type.value = typeof contentType === "string" ? contentType : "";
      const left = Object.keys(rest).map((key) => `${field.json}: the form leaves "${key}" out`);
      return [...data.set(content), ...left];
    },
    problems: data.problems,
  };
}

/** @param {Place} place @param {(base64: string, type: string) => void} picked */
function picker(place, picked) {
  const told = el("span", { class: "meaning", role: "status" });
  const input = el("input", { type: "file", "aria-label": `A file for ${place.label ?? "this field"}` });
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (!file) return;
    if (file.size > FILE_MAX) {
      told.textContent = `${file.size} bytes are more than the ${FILE_MAX} that a form takes`;
      return;
    }
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      const url = String(reader.result);
      told.textContent = `${file.name}, ${file.size} bytes`;
      picked(url.slice(url.indexOf(",") + 1), file.type);
    });
    reader.readAsDataURL(file);
  });
  return el("span", { class: "file" }, input, told);
}

/**
 * A message of any type: its type, then its form, or JSON where the page does not know the type.
 *
 * @param {Field} field
 * @param {Place} place
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
function any(field, place, scope, depth) {
  const input = el(
    "select", { id: place.id, "aria-label": place.label ?? `Type of ${field.json}`, "aria-describedby": place.describedBy },
    el("option", { value: "" }, "not set"),
    ...scope.page.any.map((name) => el("option", { value: name }, name)),
  );
  const inside = el("div", { class: "inside" });
  /** @type {Control | null} */
  let held = null;
  // The type as it was given, which may have another authority than the usual one.
  let given = "";
  const open = () => {
    held = null;
    inside.replaceChildren();
    if (input.value === "") return;
    // A type with a JSON form of its own is held as `value`.
    const bare = wellKnown({ name: "value", json: "value", kind: "message", type: input.value }, { id: unique("any"), label: "value" }, scope, depth);
    held = bare ?? scope.message(input.value, depth + 1);
    inside.append(held.element);
  };
  input.addEventListener("input", () => {
    open();
    scope.changed();
  });
  return {
    element: el("div", { class: "control" }, input, inside),
    get() {
      if (input.value === "" || !held) return undefined;
      const message = record();
      message["@type"] = given.slice(given.lastIndexOf("/") + 1) === input.value ? given : `type.googleapis.com/${input.value}`;
      const value = held.get();
      if (isObject(value) && !isSpecial(input.value)) Object.assign(message, value);
      else if (value !== undefined) message.value = value;
      return message;
    },
    set(value) {
      const { "@type": url, ...rest } = isObject(value) ? value : /** @type {JsonObject} */ ({});
      given = typeof url === "string" ? url : "";
      const name = given.slice(given.lastIndexOf("/") + 1);
      if (![...input.options].some((option) => option.value === name)) input.append(el("option", { value: name }, name));
      input.value = name;
      open();
      if (!held) return isObject(value) && Object.keys(value).length > 0 ? [`${field.json}: an @type is expected`] : [];
      return held.set(isSpecial(name) ? rest.value : rest);
    },
    problems: (show) => held?.problems(show) ?? 0,
  };
}

/** True for a type that JSON does not write as an object of its fields. */
function isSpecial(/** @type {string} */ type) {
  const [, short] = /^google\.protobuf\.(\w+)$/.exec(type) ?? [];
  return ["Timestamp", "Duration", "FieldMask", "Struct", "ListValue", "Value", "Any"].includes(short ?? "") || own(WRAPPED, short) !== undefined;
}
