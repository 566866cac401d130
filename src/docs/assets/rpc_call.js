// Calls on the method's own path, by gRPC-Web and by Connect. Both in JSON, so the page needs no protobuf.

import { isObject } from "./element.js";
import { envelopes, splitter } from "./envelope.js";
import { pieces, send, size, whole } from "./http.js";
import { OK, ofConnect, ofJson, ofTrailers } from "./status.js";

/** @import { Call, Listener, Pairs, Status } from "./types" */

/** Milliseconds that a deadline can have: ten digits in Connect, eight in gRPC. */
const CONNECT_DEADLINE_MAX = 9_999_999_999;
const GRPC_DEADLINE_MAX = 99_999_999;

const TRAILERS = 0x80;
const END = 0x02;

/** @param {Call} call @param {Listener} listener */
export async function callGrpcWeb(call, listener) {
  /** @type {Pairs} */
  const headers = [["content-type", "application/grpc-web+json"], ["x-grpc-web", "1"]];
  if (call.deadline !== null) headers.push(["grpc-timeout", `${Math.min(call.deadline, GRPC_DEADLINE_MAX)}m`]);
  const { answer, headers: pairs } = await send(call, listener, enveloped(call, headers));
  if (!answer.ok) return listener.end(await refusal(answer, listener));
  let end = ofTrailers(pairs);
  const cut = splitter();
  for await (const piece of pieces(answer, listener)) {
    for (const { flags, text, bytes } of cut.feed(piece)) {
      if (flags & TRAILERS) {
        const trailers = parseTrailers(text);
        listener.trailers(trailers);
        end = ofTrailers(trailers) ?? end;
      } else {
        listener.message(JSON.parse(text), bytes);
      }
    }
  }
  listener.end(end ?? { code: 2, message: "the answer ended without grpc-status", details: [] });
}

/** @param {Call} call @param {Listener} listener */
export async function callConnect(call, listener) {
  /** @type {Pairs} */
  const headers = [["connect-protocol-version", "1"]];
  if (call.deadline !== null) headers.push(["connect-timeout-ms", String(Math.min(call.deadline, CONNECT_DEADLINE_MAX))]);
  if (call.page.method.shape !== "unary") return connectStream(call, listener, headers);
  const body = JSON.stringify(call.messages[0] ?? {});
  headers.unshift(["content-type", "application/json"]);
  const { answer, headers: pairs } = await send(call, listener, { verb: "POST", url: call.page.method.path, headers, body });
  const trailers = /** @type {Pairs} */ (
    pairs.filter(([name]) => name.startsWith("trailer-")).map(([name, value]) => [name.slice("trailer-".length), value])
  );
  if (trailers.length > 0) listener.trailers(trailers);
  if (!answer.ok) return listener.end(await refusal(answer, listener));
  const text = await whole(answer, listener);
  listener.message(JSON.parse(text), size(text));
  listener.end(OK);
}

/** @param {Call} call @param {Listener} listener @param {Pairs} headers */
async function connectStream(call, listener, headers) {
  headers.unshift(["content-type", "application/connect+json"]);
  const { answer } = await send(call, listener, enveloped(call, headers));
  if (!answer.ok) return listener.end(await refusal(answer, listener));
  /** @type {Status} */
  let end = { code: 2, message: "the answer ended without its last message", details: [] };
  const cut = splitter();
  for await (const piece of pieces(answer, listener)) {
    for (const { flags, text, bytes } of cut.feed(piece)) {
      const value = JSON.parse(text);
      if (!(flags & END)) {
        listener.message(value, bytes);
        continue;
      }
      if (isObject(value.metadata)) {
        const trailers = Object.entries(value.metadata).flatMap(([name, values]) => (Array.isArray(values) ? values.map((one) => [name, String(one)]) : []));
        listener.trailers(/** @type {Pairs} */ (trailers));
      }
      end = ofConnect(value.error) ?? OK;
    }
  }
  listener.end(end);
}

/** @param {Call} call @param {Pairs} headers */
function enveloped(call, headers) {
  const texts = call.messages.map((message) => JSON.stringify(message));
  return { verb: "POST", url: call.page.method.path, headers, body: envelopes(texts), shown: texts.join("\n") };
}

/** An error that is plain HTTP. @param {Response} answer @param {Listener} listener @returns {Promise<Status>} */
async function refusal(answer, listener) {
  const text = await whole(answer, listener);
  try {
    const status = ofJson(JSON.parse(text));
    if (status) return status;
  } catch {
    // Not JSON: told as it is.
  }
  return ofTrailers([...answer.headers]) ?? { code: 2, message: text.slice(0, 1000) || `HTTP ${answer.status}`, details: [] };
}

/** @param {string} text @returns {Pairs} */
function parseTrailers(text) {
  return text.split("\r\n").filter((line) => line.includes(":")).map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
  });
}
