// Bytes up and down by REST, with progress. A method whose request or answer is a
// google.api.HttpBody takes and gives the bytes as they are, so nothing has to be encoded.

import type { JsonValue } from "@bufbuild/protobuf";

import { Code, Failure } from "../failure";

/** How far a transfer is; `total` is undefined while nobody knows. */
export interface Progress {
  readonly done: number;
  readonly total: number | undefined;
}

type Watch = (progress: Progress) => void;

/** Sends `body`, and gives back the JSON of the answer. */
export function upload(method: "PUT" | "POST", to: string, body: Blob, watch: Watch, signal: AbortSignal): Promise<JsonValue> {
  // XMLHttpRequest, since fetch does not tell how much of a body has been sent.
  return new Promise((resolve, reject) => {
    // Who left before hears of it too: the event comes once, and came.
    if (signal.aborted) return reject(left());
    const request = new XMLHttpRequest();
    request.open(method, to);
    request.setRequestHeader("content-type", body.type || "application/octet-stream");
    request.upload.onprogress = ({ loaded }) => watch({ done: loaded, total: body.size });
    request.onload = () => {
      const answer = json(request.responseText);
      if (request.status < 300) resolve(answer);
      else reject(Failure.fromJson(answer));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(left());
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

/** Receives a body; `expected` is its size where the answer does not tell it, as a stream cannot. */
export async function download(from: string, expected: number | undefined, watch: Watch, signal: AbortSignal): Promise<Blob> {
  try {
    const answer = await fetch(from, { signal });
    if (!answer.ok) throw Failure.fromJson(json(await answer.text()));
    const told = answer.headers.get("content-length");
    const total = told === null ? expected : Number(told);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let done = 0;
    watch({ done, total });
    for (const reader = answer.body?.getReader(); reader; ) {
      const { value } = await reader.read();
      if (!value) break;
      pieces.push(value);
      done += value.length;
      watch({ done, total });
    }
    return new Blob(pieces, { type: answer.headers.get("content-type") ?? "" });
  } catch (error) {
    if (error instanceof Failure) throw error;
    // A stream that fails in the middle is broken off, and says no more than that.
    throw signal.aborted ? left() : unreachable();
  }
}

function json(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return { code: Code.UNKNOWN, message: text.slice(0, 200) || "the answer is empty" };
  }
}

function left(): Failure {
  return Failure.of(Code.CANCELLED, "the page has left the call");
}

function unreachable(): Failure {
  return Failure.of(Code.UNAVAILABLE, "the connection to the gateway was lost, or there was none");
}
