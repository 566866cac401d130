// The status of a call: codes by number and by name, and details as every dialect writes them.

import { isObject } from "./element.js";
import { decodeStatus } from "./details.js";
import { fromBase64 } from "./request.js";

/** @import { Json, Pairs, Status } from "./types" */

export const CODES = [
  "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
  "DATA_LOSS", "UNAUTHENTICATED",
];

export const OK = /** @type {Status} */ ({ code: 0, message: "", details: [] });

/** @param {number} code */
export function codeName(code) {
  return CODES[code] ?? `code ${code}`;
}

/** A `google.rpc.Status` in JSON, in the envelope of AIP-193, or a problem of RFC 9457. @param {Json} value @returns {Status | null} */
export function ofJson(value) {
  if (!isObject(value)) return null;
  if (isObject(value.error) && typeof value.error.message === "string") {
    const { status, code, message, details } = value.error;
    const named = typeof status === "string" ? CODES.indexOf(status) : -1;
    return { code: named >= 0 ? named : Number(code), message, details: list(details) };
  }
  if (typeof value.code === "number") return { code: value.code, message: String(value.message ?? value.detail ?? ""), details: list(value.details) };
  return typeof value.code === "string" ? ofConnect(value) : null;
}

/** An error of Connect. @param {Json | undefined} error @returns {Status | null} */
export function ofConnect(error) {
  if (!isObject(error) || typeof error.code !== "string") return null;
  // Connect writes CANCELLED with one l.
  const name = error.code === "canceled" ? "CANCELLED" : error.code.toUpperCase();
  const code = CODES.indexOf(name);
  const details = list(error.details).map(ofDetail);
  return { code: code < 0 ? 2 : code, message: String(error.message ?? ""), details };
}

/** A detail in Connect's form, in that of an Any. @param {Json} detail @returns {Json} */
function ofDetail(detail) {
  if (!isObject(detail)) return detail;
  const type = `type.googleapis.com/${detail.type}`;
  return isObject(detail.debug) ? { "@type": type, ...detail.debug } : { "@type": type, value: detail.debug ?? detail.value ?? null };
}

/** What `grpc-status` and its like say, or null without them. @param {Pairs} pairs @returns {Status | null} */
export function ofTrailers(pairs) {
  const find = (/** @type {string} */ wanted) => pairs.find(([name]) => name.toLowerCase() === wanted)?.[1];
  const code = find("grpc-status");
  if (code === undefined) return null;
  const status = { code: Number(code), message: percentDecoded(find("grpc-message") ?? ""), details: /** @type {Json[]} */ ([]) };
  const details = find("grpc-status-details-bin");
  if (details) {
    try {
      status.details = decodeStatus(fromBase64(details)).details;
    } catch (error) {
      status.details = [{ unreadable: details, why: String(error) }];
    }
  }
  return status;
}

/** A failure of the page's own: the connection, or what came. @param {unknown} error @returns {Status} */
export function ofError(error) {
  if (error instanceof DOMException && error.name === "AbortError") return { code: 1, message: "cancelled by you", details: [] };
  if (error instanceof DOMException && error.name === "TimeoutError") return { code: 4, message: "the deadline has passed", details: [] };
  return { code: 14, message: error instanceof Error ? error.message : String(error), details: [] };
}

function percentDecoded(/** @type {string} */ text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {Json | undefined} value @returns {Json[]} */
function list(value) {
  return Array.isArray(value) ? value : [];
}
