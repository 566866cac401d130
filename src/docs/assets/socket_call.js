// A call over a WebSocket: every shape, both ways at once, a text frame for each message.

import { isObject } from "./element.js";
import { size } from "./http.js";
import { rest } from "./request.js";
import { OK, ofJson } from "./status.js";

/** @import { Call, Json, Listener, Pairs, Socket, Status } from "./types" */

/** Blank text half-closes; Chromium may hold an empty frame back over HTTP/2. */
const HALF_CLOSE = "\n";

/** A token that a sub-protocol can carry. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

/**
 * Opens the call. The URL holds what a binding takes from it; on the method's own path every message is
 * whole.
 *
 * @param {Call} call
 * @param {Listener} listener
 * @param {() => void} opened
 * @returns {Socket}
 */
export function openSocket(call, listener, opened) {
  if (call.deadline !== null) throw new Error("a WebSocket of a page cannot ask for a deadline");
  const { protocols, url } = offer(call);
  const socket = new WebSocket(call.origin.replace(/^http/, "ws") + url, protocols);
  /** @type {Status | null} */
  let end = null;
  let over = false;
  let sent = 0;
  const finish = (/** @type {Status} */ status) => {
    if (over) return;
    over = true;
    listener.end(status);
  };
  listener.sent(`WebSocket ${url}`, [["sec-websocket-protocol", protocols.map((one) => (one.startsWith("bearer.") ? "bearer.…" : one)).join(", ")]], "", 0);
  socket.addEventListener("open", () => {
    listener.head("101 Switching Protocols", [["sec-websocket-protocol", socket.protocol]]);
    opened();
  });
  socket.addEventListener("message", ({ data }) => {
    const value = /** @type {Json} */ (JSON.parse(String(data)));
    listener.received(size(String(data)));
    const status = isObject(value) && Object.keys(value).length === 1 ? value["@status"] : undefined;
    if (!isObject(status)) return listener.message(value, size(String(data)));
    listener.trailers(pairs(status.trailers));
    end = ofJson(status);
  });
  socket.addEventListener("close", ({ code, reason }) => {
    finish(end ?? { code: code === 1000 ? 2 : 14, message: reason || `closed with ${code}, without a status`, details: [] });
  });
  socket.addEventListener("error", () => {
    // Why is told by what comes with the close; a connection that the page may not make has none.
    setTimeout(() => finish({ code: 14, message: "the connection cannot be made", details: [] }), 0);
  });
  const cancel = () => {
    // Without a close code of ours the browser tells the server 1005; either way the call is cancelled.
    socket.close();
    finish({ ...OK, code: 1, message: "cancelled by you" });
  };
  call.signal.addEventListener("abort", cancel);
  return {
    send(message) {
      // Path and query of a binding count for the first message only.
      const body = call.page.method.own || !call.operation ? message : rest(call.operation, message).body ?? {};
      sent += 1;
      socket.send(JSON.stringify(body));
    },
    halfClose() {
      if (socket.readyState === WebSocket.OPEN) socket.send(HALF_CLOSE);
    },
    cancel,
    isOpen: () => socket.readyState === WebSocket.OPEN,
  };
}

/** @param {Call} call */
function offer({ page, operation, messages, headers }) {
  const protocols = ["transom.json"];
  for (const [name, value] of headers) {
    const [, token] = /^bearer (.*)$/i.exec(value) ?? [];
    if (name.toLowerCase() === "authorization" && token && TOKEN.test(token)) protocols.push(`bearer.${token}`);
    else throw new Error(`a WebSocket of a page takes no headers but a bearer token; ${name} cannot be sent`);
  }
  if (page.method.own || !operation) return { protocols, url: page.method.path };
  const { url, problems } = rest(operation, messages[0] ?? {});
  if (problems.length > 0) throw new Error(problems.join("; "));
  return { protocols, url };
}

/** @param {Json | undefined} lists @returns {Pairs} */
function pairs(lists) {
  if (!isObject(lists)) return [];
  return Object.entries(lists).flatMap(([name, values]) =>
    Array.isArray(values) ? values.map((value) => /** @type {[string, string]} */ ([name, String(value)])) : []);
}
