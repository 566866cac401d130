// A message as a literal of Rust, as prost names and types its code. The gateway writes the same for
// example values.

import { isObject, own } from "./element.js";
import { fromBase64 } from "./request.js";

/** @import { Field, Json, JsonObject, Page } from "./types" */

const KEYWORDS = new Set(
  "as async await break const continue dyn else enum extern false fn for gen if impl in let loop match mod move mut pub ref return static struct trait true type unsafe use where while abstract become box do final macro override priv try typeof unsized virtual yield".split(" "),
);

const WRAPPED = /** @type {Record<string, string>} */ ({
  DoubleValue: "double", FloatValue: "float", Int64Value: "int64", UInt64Value: "uint64", Int32Value: "int32",
  UInt32Value: "uint32", BoolValue: "bool", StringValue: "string", BytesValue: "bytes",
});

/** Messages inside each other that a literal shows. */
const DEPTH_MAX = 16;

/** @param {Page} page @param {string} type @param {JsonObject} value */
export function rustMessage(page, type, value) {
  if (type === "google.protobuf.Empty") return "()";
  const home = own(page.messages, type)?.package ?? "";
  return literal(page, home, type, value, 0);
}

/** @param {Page} page @param {string} home @param {string} type @param {JsonObject} value @param {number} depth @returns {string} */
function literal(page, home, type, value, depth) {
  const message = own(page.messages, type);
  if (!message || depth > DEPTH_MAX) return "Default::default()";
  const path = rustPath(type, message.package, home);
  const parts = [];
  for (const field of message.fields) {
    const given = own(value, field.json) ?? own(value, field.name);
    if (given === undefined || given === null) continue;
    const written = expression(page, home, field, given, depth);
    const inOneof = field.oneof !== undefined;
    const name = identifier(snake(inOneof ? field.oneof ?? "" : field.name));
    if (written === null) {
      parts.push(`${name}: None, // a ${field.type ?? ""}, made by hand`);
    } else if (inOneof) {
      const variant = `${snakePath(path)}::${camel(field.oneof ?? "")}::${camel(field.name)}`;
      parts.push(`${name}: Some(${variant}(${field.boxed ? `Box::new(${written})` : written})),`);
    } else {
      parts.push(`${name}: ${field.boxed ? written.replace(/^Some\((.*)\)$/s, "Some(Box::new($1))") : written},`);
    }
  }
  const units = new Set(message.fields.map((field) => field.oneof ?? field.name));
  if (parts.length < units.size) parts.push("..Default::default()");
  if (parts.length === 0) return `${path} {}`;
  return `${path} {\n${parts.map((part) => `    ${part.replace(/\n/g, "\n    ")}\n`).join("")}}`;
}

/** A field's value with what is around it; null: it is not written. @param {Page} page @param {string} home @param {Field} field @param {Json} value @param {number} depth @returns {string | null} */
function expression(page, home, field, value, depth) {
  const one = (/** @type {Json} */ part) => single(page, home, field, part, depth);
  if (field.key !== undefined) {
    if (!isObject(value)) return null;
    const entries = Object.entries(value).map(([key, part]) => {
      const written = one(part);
      return written === null ? null : `(${field.key === "string" ? text(key) : key}, ${written})`;
    });
    return entries.includes(null) ? null : `[${entries.join(", ")}].into()`;
  }
  if (field.repeated) {
    if (!Array.isArray(value)) return null;
    const items = value.map(one);
    return items.includes(null) ? null : `vec![${items.join(", ")}]`;
  }
  const written = one(value);
  if (written === null) return null;
  const inOneof = field.oneof !== undefined;
  return !inOneof && (field.presence || field.kind === "message") ? `Some(${written})` : written;
}

/** @param {Page} page @param {string} home @param {Field} field @param {Json} value @param {number} depth @returns {string | null} */
function single(page, home, field, value, depth) {
  if (field.kind === "enum") {
    const described = own(page.enums, field.type);
    const known = described?.values.find(({ name, number }) => name === value || number === value);
    if (!described || !known || field.type === undefined) return typeof value === "number" ? String(value) : "0";
    return `${rustPath(field.type, described.package, home)}::${variant(field.type, known.name)} as i32`;
  }
  if (field.kind !== "message") return scalar(field.kind, value);
  const [, short] = /^google\.protobuf\.(\w+)$/.exec(field.type ?? "") ?? [];
  const wrapped = own(WRAPPED, short);
  if (wrapped) return scalar(wrapped, value);
  switch (short) {
    case undefined:
      return isObject(value) ? literal(page, home, field.type ?? "", value, depth + 1) : null;
    case "Timestamp":
      return timestamp(String(value));
    case "Duration":
      return duration(String(value));
    case "FieldMask":
      return `prost_types::FieldMask { paths: vec![${String(value).split(",").filter(Boolean).map(text).join(", ")}] }`;
    case "Empty":
      return "()";
    default:
      return null;
  }
}

/** @param {string} kind @param {Json} value @returns {string | null} */
function scalar(kind, value) {
  switch (kind) {
    case "string":
      return text(String(value));
    case "bytes":
      return bytes(String(value));
    case "bool":
      return String(value);
    case "float":
    case "double": {
      const number = String(value);
      const width = kind === "float" ? "f32" : "f64";
      if (number === "NaN") return `${width}::NAN`;
      if (number === "Infinity") return `${width}::INFINITY`;
      if (number === "-Infinity") return `${width}::NEG_INFINITY`;
      return /^-?\d+$/.test(number) ? `${number}.0` : number;
    }
    default:
      return String(value);
  }
}

/** @param {string} value */
function text(value) {
  return `${quote(value)}.to_string()`;
}

/** A string literal of Rust. @param {string} value */
export function quote(value) {
  const escaped = [...value].map((c) => {
    if (c === '"' || c === "\\") return `\\${c}`;
    if (c === "\n") return "\\n";
    if (c === "\t") return "\\t";
    if (c === "\r") return "\\r";
    const point = c.codePointAt(0) ?? 0;
    return point < 0x20 || point === 0x7f ? `\\u{${point.toString(16)}}` : c;
  });
  return `"${escaped.join("")}"`;
}

/** @param {string} base64 @returns {string | null} */
function bytes(base64) {
  try {
    const shown = Array.from(fromBase64(base64), (byte) => {
      const c = String.fromCharCode(byte);
      return /^[A-Za-z0-9 .,:;/_-]$/.test(c) ? c : `\\x${byte.toString(16).padStart(2, "0")}`;
    });
    return `b"${shown.join("")}".to_vec()`;
  } catch {
    return null;
  }
}

/** @param {string} value @returns {string | null} */
function timestamp(value) {
  const [, whole, fraction = "", zone] = /^(.{19})(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i.exec(value) ?? [];
  const seconds = whole === undefined ? NaN : Date.parse(`${whole}${zone}`) / 1000;
  if (!Number.isFinite(seconds)) return null;
  return `prost_types::Timestamp { seconds: ${seconds}, nanos: ${Number(fraction.padEnd(9, "0"))} }`;
}

/** @param {string} value @returns {string | null} */
function duration(value) {
  const [, sign, seconds, fraction = ""] = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(value) ?? [];
  if (seconds === undefined) return null;
  const nanos = Number(fraction.padEnd(9, "0"));
  const signed = (/** @type {string | number} */ number) => (Number(number) === 0 ? "0" : sign + number);
  return `prost_types::Duration { seconds: ${signed(seconds)}, nanos: ${signed(nanos)} }`;
}

/** `pkg.Outer.Inner` as `pkg::outer::Inner`, without `pkg` at home. @param {string} type @param {string} pkg @param {string} home */
function rustPath(type, pkg, home) {
  const names = (pkg === "" ? type : type.slice(pkg.length + 1)).split(".");
  const modules = [...(pkg === home || pkg === "" ? [] : pkg.split(".")), ...names.slice(0, -1)].map((part) => identifier(snake(part)));
  return [...modules, camel(names[names.length - 1])].join("::");
}

/** `a::Book` as `a::book`, where its oneofs are. @param {string} path */
function snakePath(path) {
  const parts = path.split("::");
  return [...parts.slice(0, -1), identifier(snake(parts[parts.length - 1]))].join("::");
}

/** prost takes the enum's name off its values. @param {string} type @param {string} name */
function variant(type, name) {
  const short = camel(type.slice(type.lastIndexOf(".") + 1));
  const whole = camel(name);
  const rest = whole.startsWith(short) ? whole.slice(short.length) : whole;
  return /^[A-Z]/.test(rest) ? rest : whole;
}

/** @param {string} name */
function identifier(name) {
  if (["self", "super", "crate", "extern"].includes(name)) return `${name}_`;
  return KEYWORDS.has(name) ? `r#${name}` : name;
}

/** @param {string} name */
export function snake(name) {
  return words(name).map((word) => word.toLowerCase()).join("_");
}

/** A type of Rust cannot be called `Self`. @param {string} name */
export function camel(name) {
  const joined = words(name).map((word) => word[0].toUpperCase() + word.slice(1).toLowerCase()).join("");
  return joined === "Self" ? "Self_" : joined;
}

/** Words end before `_`, before a capital behind a small letter, and before the last capital of several. @param {string} name */
function words(name) {
  const found = [];
  let word = "";
  const letters = [...name];
  for (const [place, c] of letters.entries()) {
    const before = letters[place - 1] ?? "_";
    const after = letters[place + 1] ?? "_";
    const isCapital = /[A-Z]/.test(c);
    if (c === "_" || (isCapital && /[a-z0-9]/.test(before)) || (isCapital && /[A-Z]/.test(before) && /[a-z]/.test(after))) {
      if (word !== "") found.push(word);
      word = "";
    }
    if (c !== "_") word += c;
  }
  if (word !== "") found.push(word);
  return found;
}
