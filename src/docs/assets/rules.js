// Checks a value against keywords of JSON Schema, in words for people.
//
// Only keywords that the gateway writes are known; what is not known forbids nothing, for the gateway and
// the backend have the last word anyway.

import { isObject } from "./element.js";

/** @import { Json, Keywords } from "./types" */

/** Formats that can be told at a glance. */
const FORMATS = /** @type {Record<string, [RegExp, string]>} */ ({
  email: [/^[^@\s]+@[^@\s]+$/, "an e-mail address"],
  uuid: [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "a UUID"],
  ipv4: [/^(\d{1,3}\.){3}\d{1,3}$/, "an IPv4 address"],
  ipv6: [/^[0-9a-f:.]*:[0-9a-f:.]*$/i, "an IPv6 address"],
  hostname: [/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, "a host name"],
  uri: [/^[a-z][a-z0-9+.-]*:/i, "a URI"],
});

/**
 * What is wrong with a value: a sentence for each rule that it breaks.
 *
 * @param {Json} value
 * @param {Keywords | undefined} rules
 * @returns {string[]}
 */
export function check(value, rules) {
  if (!rules) return [];
  const problems = [];
  if (typeof value === "string") problems.push(...ofText(value, rules));
  if (typeof value === "number") problems.push(...ofNumber(value, rules));
  if (Array.isArray(value)) problems.push(...ofList(value, rules));
  if (isObject(value)) problems.push(...ofObject(value, rules));
  if ("const" in rules && !same(value, rules.const)) problems.push(`must be ${text(rules.const)}`);
  const allowed = list(rules.enum);
  if (allowed.length > 0 && !allowed.some((one) => same(one, value))) {
    problems.push(`must be one of ${allowed.map(text).join(", ")}`);
  }
  for (const part of list(rules.allOf)) if (isObject(part)) problems.push(...check(value, part));
  const either = list(rules.anyOf).filter(isObject);
  if (either.length > 0 && !either.some((part) => fits(value, part))) {
    problems.push(...check(value, either[either.length - 1]));
  }
  if (isObject(rules.not) && Object.keys(rules.not).length > 0 && fits(value, rules.not)) {
    problems.push(isObject(rules.not) && rules.not.enum ? `must not be ${text(value)}` : "is not allowed");
  }
  return problems;
}

/** @param {Json} value @param {Keywords} rules */
function fits(value, rules) {
  return check(value, rules).length === 0;
}

/** @param {string} value @param {Keywords} rules */
function ofText(value, rules) {
  const problems = [];
  const length = [...value].length;
  const { minLength, maxLength, pattern, format } = rules;
  if (typeof minLength === "number" && length < minLength) problems.push(`at least ${count(minLength, "character")}, not ${length}`);
  if (typeof maxLength === "number" && length > maxLength) problems.push(`at most ${count(maxLength, "character")}, not ${length}`);
  if (typeof pattern === "string" && !matches(pattern, value)) problems.push(`must match ${pattern}`);
  const known = typeof format === "string" && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (known && !known[0].test(value)) problems.push(`must be ${known[1]}`);
  // 64-bit numbers are strings.
  const least = whole(rules["x-minimum"]);
  const most = whole(rules["x-maximum"]);
  const number = whole(value);
  if (number !== null && least !== null && number < least) problems.push(`at least ${least}`);
  if (number !== null && most !== null && number > most) problems.push(`at most ${most}`);
  return problems;
}

/** @param {number} value @param {Keywords} rules */
function ofNumber(value, rules) {
  const problems = [];
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = rules;
  if (typeof minimum === "number" && value < minimum) problems.push(`at least ${minimum}`);
  if (typeof maximum === "number" && value > maximum) problems.push(`at most ${maximum}`);
  if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) problems.push(`more than ${exclusiveMinimum}`);
  if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum) problems.push(`less than ${exclusiveMaximum}`);
  if (typeof multipleOf === "number" && value % multipleOf !== 0) problems.push(`a multiple of ${multipleOf}`);
  return problems;
}

/** @param {Json[]} value @param {Keywords} rules */
function ofList(value, rules) {
  const problems = [];
  const { minItems, maxItems, uniqueItems } = rules;
  if (typeof minItems === "number" && value.length < minItems) problems.push(`at least ${count(minItems, "item")}`);
  if (typeof maxItems === "number" && value.length > maxItems) problems.push(`at most ${count(maxItems, "item")}`);
  if (uniqueItems === true && new Set(value.map((one) => JSON.stringify(one))).size < value.length) {
    problems.push("no item twice");
  }
  return problems;
}

/** @param {import("./types").JsonObject} value @param {Keywords} rules */
function ofObject(value, rules) {
  const problems = [];
  const size = Object.keys(value).length;
  const { minProperties, maxProperties, propertyNames } = rules;
  if (typeof minProperties === "number" && size < minProperties) problems.push(`at least ${count(minProperties, "entry")}`);
  if (typeof maxProperties === "number" && size > maxProperties) problems.push(`at most ${count(maxProperties, "entry")}`);
  if (isObject(propertyNames)) {
    for (const key of Object.keys(value)) {
      for (const problem of check(key, propertyNames)) problems.push(`key "${key}": ${problem}`);
    }
  }
  return problems;
}

/** A pattern of the protos may be none of this browser's; then it forbids nothing. */
function matches(/** @type {string} */ pattern, /** @type {string} */ value) {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

/** @param {Json | undefined} value @returns {bigint | null} */
function whole(value) {
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  return typeof value === "string" && /^-?\d+$/.test(value) ? BigInt(value) : null;
}

/** @param {Json | undefined} value @returns {Json[]} */
function list(value) {
  return Array.isArray(value) ? value : [];
}

/** @param {Json} a @param {Json} b */
function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** @param {Json} value */
function text(value) {
  return typeof value === "string" ? `"${value}"` : JSON.stringify(value);
}

/** @param {number} number @param {string} noun */
function count(number, noun) {
  if (number === 1) return `1 ${noun}`;
  return `${number} ${noun.endsWith("y") ? `${noun.slice(0, -1)}ie` : noun}s`;
}
