// What a gateway with a list of origins lets a page do: all of it on the list, none of it elsewhere.

import { client } from "./clients/grpc-web.mjs";
import { TestService } from "./gen/es/grpc/testing/test_pb.js";
import { check, equal, failure, rejection } from "./harness.mjs";

const EMPTY = "/grpc.testing.TestService/EmptyCall";

function post(base, contentType, credentials) {
  return fetch(base + EMPTY, { method: "POST", headers: { "content-type": contentType }, body: "{}", credentials });
}

function opens(base) {
  return new Promise((resolve) => {
    const socket = new WebSocket(base.replace(/^http/, "ws") + EMPTY, ["transom.json"]);
    socket.onopen = () => (socket.close(), resolve(true));
    socket.onerror = () => resolve(false);
  });
}

export async function checkListed(base) {
  const ME = "an origin on the list";
  await check(ME, "a call with a preflight", async () => {
    equal((await post(base, "application/json")).status, 200);
  });
  await check(ME, "a WebSocket", async () => equal(await opens(base), true));
}

export async function checkUnlisted(base) {
  const ME = "an origin that is not on the list";
  await check(ME, "a call with a preflight is refused", async () => {
    equal((await rejection(() => post(base, "application/json"))).name, "TypeError");
  });
  await check(ME, "a call without a preflight is refused", async () => {
    equal((await rejection(() => post(base, "text/plain"))).name, "TypeError");
    // What the page may not read it may still send: nothing may have happened either.
    const { type } = await fetch(base + EMPTY, { method: "POST", body: "{}", mode: "no-cors" });
    equal(type, "opaque");
  });
  await check(ME, "a WebSocket is refused", async () => equal(await opens(base), false));
}

/** A gateway whose backend is not there: the page has to learn that, and not that CORS failed. */
export async function checkOrphan(base) {
  const ME = "a backend that is gone";
  await check(ME, "fetch", async () => {
    const response = await post(base, "application/json");
    equal([response.status, (await response.json()).code], [503, "unavailable"]);
  });
  for (const format of ["text", "binary"]) {
    const calls = client(base, TestService, format);
    await check(ME, calls.name, async () => {
      equal((await failure(() => calls.unary("EmptyCall", {}))).code, 14);
    });
  }
}
