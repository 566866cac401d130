// A call by REST: JSON in, and out a message, lines, server-sent events or bytes.

import { isObject } from "./element.js";
import { lines, pieces, send, size, whole } from "./http.js";
import { httpBody, rest } from "./request.js";
import { CODES, OK, ofError, ofJson, ofTrailers } from "./status.js";

/** @import { Call, Json, JsonObject, Listener, Operation, Pairs, Status } from "./types" */

/** How answers that stream are asked for. */
export const STREAM_TYPES = { ndjson: "application/x-ndjson", sse: "text/event-stream", array: "application/json" };

/**
 * @param {Call} call
 * @param {Listener} listener
 * @param {"json" | keyof typeof STREAM_TYPES} accept
 */
export async function callRest(call, listener, accept) {
  const operation = call.operation;
  if (!operation) throw new Error("the method has no binding");
  const { url, body, type, shown } = request(operation, call);
  /** @type {Pairs} */
  const headers = [];
  if (type) headers.push(["content-type", type]);
  if (accept !== "json") headers.push(["accept", STREAM_TYPES[accept]]);
  if (call.deadline !== null) headers.push(["x-request-timeout", String(call.deadline / 1000)]);
  const verb = operation.verb === "*" ? (body === undefined ? "GET" : "POST") : operation.verb;
  const { answer, headers: pairs } = await send(call, listener, { verb, url, headers, body, shown });
  const trailers = /** @type {Pairs} */ (
    pairs.filter(([name]) => name.startsWith("grpc-trailer-")).map(([name, value]) => [name.slice("grpc-trailer-".length), value])
  );
  if (trailers.length > 0) listener.trailers(trailers);
  listener.end(await read(answer, listener, operation, accept));
}

/** @param {Operation} operation @param {Call} call */
function request(operation, call) {
  const [first = {}, ...others] = call.messages;
  const { url, body, problems } = rest(operation, first);
  if (problems.length > 0) throw new Error(problems.join("; "));
  if (!operation.body) return { url };
  const stream = call.page.method.shape === "client_stream" || call.page.method.shape === "bidi";
  const bodies = call.messages.length === 0 ? [] : [body, ...others.map((message) => rest(operation, message).body)];
  if (operation.body.bytes) {
    const parts = bodies.map(httpBody);
    const blob = new Uint8Array(parts.reduce((sum, { bytes }) => sum + bytes.length, 0));
    let place = 0;
    for (const { bytes } of parts) {
      blob.set(bytes, place);
      place += bytes.length;
    }
    return { url, body: blob, type: parts[0]?.type ?? "application/octet-stream", shown: `(${blob.length} bytes)` };
  }
  if (!stream) return body === undefined ? { url } : { url, body: JSON.stringify(body), type: "application/json" };
  return { url, body: bodies.map((one) => `${JSON.stringify(one ?? {})}\n`).join(""), type: "application/x-ndjson" };
}

/**
 * @param {Response} answer
 * @param {Listener} listener
 * @param {Operation} operation
 * @param {string} accept
 * @returns {Promise<Status>}
 */
async function read(answer, listener, operation, accept) {
  const type = answer.headers.get("content-type") ?? "";
  if (answer.type === "opaqueredirect") return { code: 0, message: "a redirect, which this page does not follow", details: [] };
  if (answer.ok && operation.bytes) {
    for await (const piece of pieces(answer, listener)) listener.chunk(piece, type);
    return OK;
  }
  if (answer.ok && type.startsWith("text/event-stream")) return readEvents(answer, listener);
  if (answer.ok && /ndjson|jsonl/.test(type)) return readLines(answer, listener, operation);
  if (answer.ok && accept === "array") return readArray(answer, listener, operation);
  const text = await whole(answer, listener);
  /** @type {Json} */
  let value;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    if (answer.ok) throw new Error(`the answer is no JSON: ${text.slice(0, 100)}`);
    return { code: fromHttp(answer.status), message: text.slice(0, 1000), details: [] };
  }
  if (!answer.ok) {
    const status = ofJson(value) ?? { code: fromHttp(answer.status), message: text.slice(0, 1000), details: [] };
    const told = ofTrailers([...answer.headers]);
    return told ? { ...status, code: told.code } : status;
  }
  listener.message(value, size(text));
  return OK;
}

/**
 * One array, element by element. A stream that fails has its failure as the last element, no bracket
 * behind it, and is broken off. A browser drops what it had not handed out by then, so the failure itself
 * may be lost here.
 *
 * @param {Response} answer
 * @param {Listener} listener
 * @param {Operation} operation
 * @returns {Promise<Status>}
 */
async function readArray(answer, listener, operation) {
  const cut = elements();
  const decoder = new TextDecoder();
  /** @param {string} text @returns {Status | null} */
  const tell = (text) => {
    const value = JSON.parse(text);
    const failure = ofRecord(value, operation);
    if (!failure) listener.message(value, size(text) + 1);
    return failure;
  };
  try {
    for await (const piece of pieces(answer, listener)) {
      for (const text of cut.feed(decoder.decode(piece, { stream: true }))) {
        const failure = tell(text);
        if (failure) return failure;
      }
    }
  } catch (error) {
    const status = ofError(error);
    if (status.code !== 14) return status;
    return ofRest(cut.rest(), tell) ?? { ...status, message: "broken off, so the stream has failed; lines and events tell why" };
  }
  const rest = cut.rest();
  return rest === "" ? OK : tell(rest) ?? OK;
}

/** A failure in what came last, if that is whole. @param {string} text @param {(text: string) => Status | null} tell */
function ofRest(text, tell) {
  try {
    return text === "" ? null : tell(text);
  } catch {
    return null;
  }
}

/** Cuts an array into the texts of its elements, however it comes in pieces. */
function elements() {
  let depth = 0;
  let held = "";
  let quoted = false;
  let escaped = false;
  /** @param {string} c */
  const isEnd = (c) => depth === 1 && !quoted && (c === "," || c === "]");
  return {
    /** @param {string} text */
    feed(text) {
      const whole = [];
      for (const c of text) {
        if (depth === 0 && c === "[") depth = 1;
        else if (isEnd(c)) {
          if (held.trim() !== "") whole.push(held);
          held = "";
        } else {
          held += c;
          if (quoted) {
            if (escaped) escaped = false;
            else if (c === "\\") escaped = true;
            else if (c === '"') quoted = false;
          } else if (c === '"') quoted = true;
          else if (c === "{" || c === "[") depth += 1;
          else if (c === "}" || c === "]") depth -= 1;
        }
      }
      return whole;
    },
    rest: () => held.trim(),
  };
}

/** @param {Response} answer @param {Listener} listener @param {Operation} operation @returns {Promise<Status>} */
async function readLines(answer, listener, operation) {
  for await (const line of lines(answer, listener)) {
    if (line.trim() === "") continue;
    const value = JSON.parse(line);
    const failure = ofRecord(value, operation);
    if (failure) return failure;
    listener.message(value, size(line) + 1);
  }
  return OK;
}

/** A failure among messages: an object with one key, which no message of this stream has. @param {Json} value @param {Operation} operation */
function ofRecord(value, operation) {
  if (!isObject(value) || Object.keys(value).length !== 1) return null;
  const error = value[operation.errorKey];
  return error === undefined ? null : ofJson(error);
}

/** Server-sent events: fields till an empty line. @param {Response} answer @param {Listener} listener @returns {Promise<Status>} */
async function readEvents(answer, listener) {
  let event = "";
  /** @type {string[]} */
  let data = [];
  let bytes = 0;
  for await (const line of lines(answer, listener)) {
    bytes += size(line) + 1;
    if (line !== "") {
      const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (name === "data") data.push(value);
      if (name === "event") event = value;
      continue;
    }
    if (data.length > 0) {
      const value = /** @type {JsonObject} */ (JSON.parse(data.join("\n")));
      if (event === "error") return ofJson(value) ?? { code: 2, message: data.join("\n"), details: [] };
      listener.message(value, bytes);
    }
    [event, data, bytes] = ["", [], 0];
  }
  return OK;
}

/** What an answer that is none of the gateway's means, as gRPC maps HTTP. @param {number} status */
function fromHttp(status) {
  const name = /** @type {Record<number, string>} */ ({
    400: "INTERNAL", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "UNIMPLEMENTED",
    429: "UNAVAILABLE", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "UNAVAILABLE",
  })[status];
  return CODES.indexOf(name ?? "UNKNOWN");
}
