// What every check uses: it runs, it compares, it asks the gateway's access log, it never waits for
// longer than its limit. What a check waits for is an event; the limit only ends a check that hangs.

import { fromBinary } from "@bufbuild/protobuf";

import { StatusSchema } from "./gen/es/google/rpc/status_pb.js";

/** Milliseconds until a check counts as hanging. */
const LIMIT = 30_000;

/** How long a backend rests where a check means "for ever": longer than `LIMIT`. */
export const EVER = { seconds: 55n, nanos: 0 };

/** A call's end that is not OK, the same for every client. */
export class Failure extends Error {
  constructor(code, text, details = [], metadata = {}) {
    super(`${code}: ${text}`);
    Object.assign(this, { code, text, details, metadata });
  }
}

const wanted = new RegExp(new URLSearchParams(location.search).get("only") ?? "");

/** Runs one check and reports its line. */
export async function check(who, name, run) {
  const line = `${who}: ${name}`;
  if (!wanted.test(line)) return;
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hung for ${LIMIT / 1000} s`)), LIMIT);
  });
  try {
    await Promise.race([run(), limit]);
    await driver("report", `ok ${line}`);
  } catch (error) {
    await driver("report", `FAILED ${line}\n  ${describe(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Reports a check that a client cannot do, and why. */
export async function skip(who, name, why) {
  const line = `${who}: ${name}`;
  if (wanted.test(line)) await driver("report", `skipped ${line}: ${why}`);
}

function describe(error) {
  if (error instanceof Failure) return `the call ended with ${error.message}`;
  return `${error?.name ?? "thrown"}: ${error?.message ?? error}`;
}

/** Calls a function of the program that drives this browser. */
export function driver(name, ...parameters) {
  return globalThis[`driver_${name}`](...parameters);
}

export function fail(message) {
  throw new Error(message);
}

export function equal(found, expected, what = "") {
  const [left, right] = [show(found), show(expected)];
  if (left !== right) fail(`${what} found ${left}, expected ${right}`);
}

/** `found` has all that `expected` has; messages of every library carry fields of their own. */
export function has(found, expected, what = "") {
  if (typeof expected !== "object" || expected === null || expected instanceof Uint8Array) {
    equal(found, expected, what);
    return;
  }
  if (typeof found !== "object" || found === null) fail(`${what} found ${show(found)}, expected ${show(expected)}`);
  if (Array.isArray(expected)) equal(found.length, expected.length, `${what} length:`);
  for (const [key, value] of Object.entries(expected)) has(found[key], value, `${what}.${key}`);
}

function show(value) {
  const text = JSON.stringify(value, (_, part) => {
    if (typeof part === "bigint") return `${part}n`;
    return part instanceof Uint8Array ? `bytes ${base64(part)}` : part;
  });
  return text?.length > 300 ? `${text.slice(0, 300)}… (${text.length})` : text;
}

/** The failure that `run` ends with. */
export async function failure(run) {
  let result;
  try {
    result = await run();
  } catch (error) {
    return error instanceof Failure ? error : fail(`not a status: ${error?.name}: ${error?.message}`);
  }
  return fail(`it ended well with ${show(result)}`);
}

/** The error, of any kind, that `run` ends with. */
export async function rejection(run) {
  try {
    await run();
  } catch (error) {
    return error;
  }
  return fail("it ended well");
}

/** Everything that an iterable gives, and the failure that it ends with. */
export async function drain(iterable) {
  const items = [];
  try {
    for await (const item of iterable) items.push(item);
  } catch (error) {
    return { items, error: error instanceof Failure ? error : fail(`not a status: ${error}`) };
  }
  return { items };
}

let calls = 0;

/** An id for one call, by which the access log is asked for it. */
export function requestId() {
  calls += 1;
  return `page-${calls}-${Math.floor(Math.random() * 1e9)}`;
}

/** The access-log line with these values, among the lines after the first `after`; waits for it. */
export function logged(fields, after = 0) {
  return driver("logged", fields, after);
}

/** How many access-log lines there are. */
export function logLength() {
  return driver("logLength");
}

/** A queue that callbacks fill and an async iteration empties. */
export class Queue {
  #items = [];
  #end = null;
  #wake = () => {};

  push(item) {
    this.#items.push(item);
    this.#wake();
  }

  /** Ends the queue, with an error if there is one; the first end counts. */
  end(error) {
    this.#end ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      while (this.#items.length > 0) yield this.#items.shift();
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return;
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }
}

export function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Bytes of base64 in either alphabet, with or without padding. */
export function unbase64(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

/** The details in a `grpc-status-details-bin`. */
export function detailsOf(value) {
  if (!value) return [];
  const bytes = value instanceof Uint8Array ? value : unbase64(value);
  return fromBinary(StatusSchema, bytes).details.map((any) => ({
    type: any.typeUrl.replace(/.*\//, ""),
    value: any.value,
  }));
}
