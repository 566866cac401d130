// JSON as people type it: a number that JavaScript cannot hold keeps its digits, so that what is sent is
// what was typed.

/** @import { Json } from "./types" */

/** A number by its digits. */
export class Exact {
  /** @param {string} digits */
  constructor(digits) {
    this.digits = digits;
  }

  toString() {
    return this.digits;
  }

  toJSON() {
    // Newer than the type checker's library.
    const raw = /** @type {{ rawJSON?: (digits: string) => unknown }} */ (/** @type {unknown} */ (JSON)).rawJSON;
    return raw ? raw(this.digits) : Number(this.digits);
  }
}

/** As `JSON.parse`, where the browser tells the digits. @param {string} text @returns {Json} */
export function parse(text) {
  const revive = (/** @type {string} */ _, /** @type {unknown} */ value, /** @type {{ source?: string } | undefined} */ context) =>
    typeof value === "number" && context?.source !== undefined && !holds(value, context.source) ? new Exact(context.source) : value;
  return JSON.parse(text, /** @type {(key: string, value: unknown) => unknown} */ (revive));
}

/** True if a number is what its digits say: an integer whole, and zero with its sign. @param {number} value @param {string} digits */
function holds(value, digits) {
  if (/^-?\d+$/.test(digits)) return Number.isSafeInteger(value) && !Object.is(value, -0);
  return Number.isFinite(value);
}

/** What a value is, for sentences. @param {Json | Exact} value */
export function kindOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Exact || typeof value === "number") return "a number";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "a text" : String(value);
}
