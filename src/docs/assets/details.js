// Reads a `google.rpc.Status` in wire form, which is how `grpc-status-details-bin` carries it, and the
// standard details in it. What is not known stays as base64; nothing is lost.

/** @import { Json, JsonObject } from "./types" */

/**
 * Field number to name and kind: a scalar, `[kind]` for many, `map` of strings, or a type from here.
 *
 * @type {Record<string, Record<number, [string, string]>>}
 */
const TYPES = {
  "google.protobuf.Duration": { 1: ["seconds", "int"], 2: ["nanos", "int"] },
  "google.rpc.ErrorInfo": { 1: ["reason", "string"], 2: ["domain", "string"], 3: ["metadata", "map"] },
  "google.rpc.RetryInfo": { 1: ["retryDelay", "google.protobuf.Duration"] },
  "google.rpc.DebugInfo": { 1: ["stackEntries", "[string]"], 2: ["detail", "string"] },
  "google.rpc.QuotaFailure": { 1: ["violations", "[QuotaViolation]"] },
  QuotaViolation: {
    1: ["subject", "string"], 2: ["description", "string"], 3: ["apiService", "string"], 4: ["quotaMetric", "string"],
    5: ["quotaId", "string"], 6: ["quotaDimensions", "map"], 7: ["quotaValue", "long"], 8: ["futureQuotaValue", "long"],
  },
  "google.rpc.PreconditionFailure": { 1: ["violations", "[PreconditionViolation]"] },
  PreconditionViolation: { 1: ["type", "string"], 2: ["subject", "string"], 3: ["description", "string"] },
  "google.rpc.BadRequest": { 1: ["fieldViolations", "[FieldViolation]"] },
  FieldViolation: { 1: ["field", "string"], 2: ["description", "string"], 3: ["reason", "string"], 4: ["localizedMessage", "google.rpc.LocalizedMessage"] },
  "google.rpc.RequestInfo": { 1: ["requestId", "string"], 2: ["servingData", "string"] },
  "google.rpc.ResourceInfo": { 1: ["resourceType", "string"], 2: ["resourceName", "string"], 3: ["owner", "string"], 4: ["description", "string"] },
  "google.rpc.Help": { 1: ["links", "[Link]"] },
  Link: { 1: ["description", "string"], 2: ["url", "string"] },
  "google.rpc.LocalizedMessage": { 1: ["locale", "string"], 2: ["message", "string"] },
};

/** @param {Uint8Array} bytes @returns {{ code: number, message: string, details: Json[] }} */
export function decodeStatus(bytes) {
  const status = { code: 0, message: "", details: /** @type {Json[]} */ ([]) };
  for (const { number, value } of fields(bytes)) {
    if (number === 1 && typeof value === "bigint") status.code = Number(value);
    if (number === 2 && value instanceof Uint8Array) status.message = text(value);
    if (number === 3 && value instanceof Uint8Array) status.details.push(any(value));
  }
  return status;
}

/** @param {Uint8Array} bytes @returns {JsonObject} */
function any(bytes) {
  let url = "";
  let held = new Uint8Array();
  for (const { number, value } of fields(bytes)) {
    if (number === 1 && value instanceof Uint8Array) url = text(value);
    if (number === 2 && value instanceof Uint8Array) held = new Uint8Array(value);
  }
  const type = url.slice(url.lastIndexOf("/") + 1);
  if (!Object.hasOwn(TYPES, type)) return { "@type": url, value: base64(held) };
  const read = message(held, type);
  return typeof read === "object" && read !== null && !Array.isArray(read) ? { "@type": url, ...read } : { "@type": url, value: read };
}

/** @param {Uint8Array} bytes @param {string} type @returns {Json} */
function message(bytes, type) {
  const known = TYPES[type];
  /** @type {JsonObject} */
  const read = {};
  for (const { number, value } of fields(bytes)) {
    const [name, kind] = known[number] ?? [];
    if (!name || !kind) continue;
    const many = /^\[(.*)\]$/.exec(kind);
    const one = of(value, many?.[1] ?? kind);
    if (kind === "map") read[name] = { .../** @type {JsonObject} */ (read[name] ?? {}), .../** @type {JsonObject} */ (one) };
    else if (many) read[name] = [.../** @type {Json[]} */ (read[name] ?? []), one];
    else read[name] = one;
  }
  if (type !== "google.protobuf.Duration") return read;
  const nanos = Number(read.nanos ?? 0);
  // Three, six or nine digits, as ProtoJSON writes it.
  const fraction = nanos ? `.${String(Math.abs(nanos)).padStart(9, "0").replace(/(000){1,2}$/, "")}` : "";
  return `${nanos < 0 && !read.seconds ? "-" : ""}${read.seconds ?? 0}${fraction}s`;
}

/** @param {bigint | Uint8Array} value @param {string} kind @returns {Json} */
function of(value, kind) {
  if (typeof value === "bigint") return kind === "long" ? String(BigInt.asIntN(64, value)) : Number(BigInt.asIntN(64, value));
  if (kind === "string") return text(value);
  if (kind !== "map") return Object.hasOwn(TYPES, kind) ? message(value, kind) : base64(value);
  const entry = ["", ""];
  for (const { number, value: part } of fields(value)) {
    if ((number === 1 || number === 2) && part instanceof Uint8Array) entry[number - 1] = text(part);
  }
  return { [entry[0]]: entry[1] };
}

/**
 * Fields in wire form. Whatever is cut off ends it.
 *
 * @param {Uint8Array} bytes
 * @returns {Generator<{ number: number, value: bigint | Uint8Array }>}
 */
function* fields(bytes) {
  let place = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (place >= bytes.length) throw new Error("the details are cut off");
      const byte = bytes[place++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error("a number in the details is too long");
  };
  const take = (/** @type {number} */ length) => {
    if (length > bytes.length - place) throw new Error("the details are cut off");
    place += length;
    return bytes.subarray(place - length, place);
  };
  while (place < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0: yield { number, value: varint() }; break;
      case 1: take(8); break;
      case 2: yield { number, value: take(Number(varint())) }; break;
      case 5: take(4); break;
      default: throw new Error(`the details have a field of wire type ${tag & 7}`);
    }
  }
}

/** @param {Uint8Array} bytes */
function text(bytes) {
  return new TextDecoder().decode(bytes);
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
