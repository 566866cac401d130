// EventSource: server-sent events of a server stream.

import { check, equal, has, logLength, logged } from "./harness.mjs";

const ME = "EventSource";
const STREAM = "/demo.echo.v1.EchoService/Stream";

/** The next event of that name, or the next that the source fails by. */
function next(source, name) {
  return new Promise((resolve) => source.addEventListener(name, resolve, { once: true }));
}

export async function checkEvents(base) {
  await check(ME, "a stream of events", async () => {
    const source = new EventSource(`${base}/v1/echo:stream?count=3&size=2`);
    const items = [];
    source.addEventListener("message", ({ data }) => items.push(JSON.parse(data)));
    await next(source, "error"); // the stream is over; a source would begin again
    source.close();
    equal(items, [{ text: "xx" }, { index: "1", text: "xx" }, { index: "2", text: "xx" }]);
  });
  await check(ME, "an event is seen while the backend rests, and closing cancels the backend", async () => {
    const before = await logLength();
    const source = new EventSource(`${base}/v1/echo:stream?count=2&interval=55s`);
    const { data } = await next(source, "message");
    equal(data, "{}");
    source.close();
    const line = await logged({ grpc_method: "Stream", grpc_status: "CANCELLED" }, before);
    has(line, { resp_msgs: 1, protocol: "rest" }, "access log");
  });
  await check(ME, "an error behind events is an event", async () => {
    const source = new EventSource(`${base}/v1/echo:stream?count=1&failCode=15&failMessage=torn`);
    const { data } = await next(source, "error");
    source.close();
    has(JSON.parse(data), { code: 15, message: "torn" });
  });
  await check(ME, "an error before the first event ends the source for good", async () => {
    const source = new EventSource(`${base}/v1/echo:stream?count=-1`);
    await next(source, "error");
    equal(source.readyState, EventSource.CLOSED);
  });
}
