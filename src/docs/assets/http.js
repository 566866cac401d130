// What every dialect over `fetch` shares: sending, telling what was sent, and reading as it comes.

/** @import { Call, Listener, Pairs } from "./types" */

/** Headers that a page cannot set: the browser would leave them out in silence. */
const FORBIDDEN = /^(accept-charset|accept-encoding|connection|content-length|cookie|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/i;

/**
 * Sends a request, and tells of it and of the answer's head.
 *
 * @param {Call} call
 * @param {Listener} listener
 * @param {{ verb: string, url: string, headers: Pairs, body?: string | Uint8Array<ArrayBuffer>, shown?: string }} request
 */
export async function send(call, listener, { verb, url, headers, body, shown }) {
  const refused = call.headers.filter(([name]) => FORBIDDEN.test(name)).map(([name]) => name);
  if (refused.length > 0) throw new Error(`a page may not set ${refused.join(", ")}`);
  const all = /** @type {Pairs} */ ([...headers, ...call.headers]);
  const bytes = typeof body === "string" ? new TextEncoder().encode(body).length : body?.length ?? 0;
  listener.sent(`${verb} ${url}`, all, shown ?? (typeof body === "string" ? body : ""), bytes);
  const answer = await fetch(call.origin + url, {
    method: verb, headers: all, body, signal: call.signal,
    // Nothing that the browser keeps goes along, and no answer is an old one.
    credentials: "omit", cache: "no-store", redirect: "manual", referrerPolicy: "no-referrer",
  });
  const pairs = /** @type {Pairs} */ ([...answer.headers]);
  listener.head(`${answer.status} ${answer.statusText}`.trim(), pairs);
  return { answer, headers: pairs };
}

/**
 * The answer's body, piece by piece; no piece is read before the reader wants it.
 *
 * @param {Response} answer
 * @param {Listener} listener
 */
export async function* pieces(answer, listener) {
  const reader = answer.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      await listener.ready();
      const { done, value } = await reader.read();
      if (done) return;
      listener.received(value.length);
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * The answer's body, line by line. A line's bytes are counted with its end.
 *
 * @param {Response} answer
 * @param {Listener} listener
 */
export async function* lines(answer, listener) {
  const decoder = new TextDecoder();
  let held = "";
  for await (const piece of pieces(answer, listener)) {
    held += decoder.decode(piece, { stream: true });
    const whole = held.split("\n");
    held = whole.pop() ?? "";
    for (const line of whole) yield line.replace(/\r$/, "");
  }
  if (held !== "") yield held;
}

/** The answer's body, whole. @param {Response} answer @param {Listener} listener */
export async function whole(answer, listener) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of pieces(answer, listener)) text += decoder.decode(piece, { stream: true });
  return text;
}

/** Bytes of a text. */
export function size(/** @type {string} */ text) {
  return new TextEncoder().encode(text).length;
}
