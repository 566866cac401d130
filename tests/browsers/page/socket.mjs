// WebSocket: every call shape, as JSON in text frames or proto in binary ones.
//
// A client half-closes with an empty or blank text message. Chromium 156 sends no empty one over HTTP/2
// while another message is being written, nor anything behind it, whatever the server; so these checks
// half-close with a blank one, and one of them, where nothing is being written, with an empty one.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";

import { CollectedSchema, ItemSchema, OrderSchema } from "./gen/es/demo/echo/v1/echo_pb.js";
import { EVER, Queue, check, equal, fail, has, logLength, logged } from "./harness.mjs";

const ECHO = "/demo.echo.v1.EchoService/";

/** An open socket, its frames, and how it closed. */
class Socket {
  frames = new Queue();
  #iterator = this.frames[Symbol.asyncIterator]();

  constructor(url, protocols) {
    this.socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => this.frames.push(data);
    this.closed = new Promise((resolve) => (this.socket.onclose = ({ code, reason }) => resolve({ code, reason })));
    this.closed.then(() => this.frames.end());
    this.opened = new Promise((resolve, reject) => {
      this.socket.onopen = resolve;
      this.socket.onerror = () => reject(new Error("the handshake was refused"));
    });
  }

  /** The next frame: parsed if it is text, bytes if it is binary. */
  async next() {
    const { done, value } = await this.#iterator.next();
    if (done) fail(`it closed: ${JSON.stringify(await this.closed)}`);
    return typeof value === "string" ? JSON.parse(value) : new Uint8Array(value);
  }

  /** All frames up to the status, and the status. */
  async rest() {
    const messages = [];
    for (;;) {
      const frame = await this.next();
      if (frame["@status"]) return { messages, status: frame["@status"], close: await this.closed };
      messages.push(frame);
    }
  }

  send(message) {
    this.socket.send(message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  halfClose(text = "\n") {
    this.socket.send(text);
  }
}

async function open(url, protocols) {
  const socket = new Socket(url, protocols);
  await socket.opened;
  return socket;
}

export async function checkSockets(base) {
  const ME = "WebSocket JSON";
  // Chromium puts a WebSocket on a connection of HTTP/2 that is there, and that carries credentials.
  await fetch(`${base}/v1/echo/1`, { credentials: "include" }).catch(() => {});
  for (const protocols of [[], ["transom.json"]]) {
    await check(ME, `a conversation, sub-protocols [${protocols}]`, async () => {
      const socket = await open(`${base}${ECHO}Converse`, protocols);
      equal(socket.socket.protocol, protocols[0] ?? "");
      for (const index of ["1", "2", "3"]) {
        socket.send({ index, text: "ö" });
        equal(await socket.next(), { index, text: "ö" });
      }
      socket.halfClose();
      const { messages, status, close } = await socket.rest();
      equal([messages.length, status.code ?? 0, close.code], [0, 0, 1000]);
    });
  }
  await check(ME, "the connection is the one of the page's calls where that can be", async () => {
    const before = await logLength();
    const socket = await open(`${base}${ECHO}Collect`, ["transom.json"]);
    socket.halfClose();
    await socket.rest();
    const version = base.startsWith("https:") ? "2" : "1.1";
    has(await logged({ protocol: "websocket" }, before), { http_version: version }, "access log");
  });
  await check(ME, "a conversation on a REST path", async () => {
    const socket = await open(`${base}/v1/rooms/browsers:converse`, ["transom.json"]);
    socket.send({ text: "hello" });
    const answer = await socket.next();
    if (!answer.text.includes("hello")) fail(`the parrot said ${answer.text}`);
    socket.halfClose("");
    equal((await socket.rest()).status.code ?? 0, 0);
  });
  await check(ME, "a message and a half-close at once", async () => {
    const socket = await open(`${base}${ECHO}Echo`, ["transom.json"]);
    socket.send({ id: "o" });
    socket.halfClose();
    const { messages, status } = await socket.rest();
    equal([messages, status.code ?? 0], [[{ id: "o" }], 0]);
  });
  await check(ME, "a client stream", async () => {
    const socket = await open(`${base}${ECHO}Collect`, ["transom.json"]);
    for (let i = 0; i < 200; i += 1) socket.send({ text: "abc" });
    socket.halfClose();
    const { messages, status, close } = await socket.rest();
    equal([messages, status.code ?? 0, close.code], [[{ count: "200", size: "600" }], 0, 1000]);
  });
  await check(ME, "a server stream", async () => {
    const socket = await open(`${base}${ECHO}Stream`, ["transom.json"]);
    socket.send({ count: 300 });
    const { messages, status } = await socket.rest();
    equal([messages.length, messages[299], status.code ?? 0], [300, { index: "299" }, 0]);
  });
  await check(ME, "a server stream on a REST path, asked for by the URL", async () => {
    const socket = await open(`${base}/v1/echo:stream?count=3`, ["transom.json"]);
    const { messages, status } = await socket.rest();
    equal([messages.length, status.code ?? 0], [3, 0]);
  });
  await check(ME, "unary", async () => {
    const socket = await open(`${base}${ECHO}Echo`, ["transom.json"]);
    socket.send({ id: "o", customer: "9007199254740993" });
    const { messages, status } = await socket.rest();
    equal([messages, status.code ?? 0], [[{ id: "o", customer: "9007199254740993" }], 0]);
  });
  await check(ME, "an error with its message, details and trailers", async () => {
    const socket = await open(`${base}${ECHO}Fail`, ["transom.json"]);
    socket.send({ code: 9, message: "schön", standardDetails: true });
    const { messages, status, close } = await socket.rest();
    equal([messages, status.code, status.message, status.details.length], [[], 9, "schön", 10]);
    has(status.details[0], { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "ASKED_FOR" });
    equal([close.code, close.reason], [1011, "FAILED_PRECONDITION"]);
  });
  await check(ME, "metadata and trailers from the backend, text and binary", async () => {
    const socket = await open(`${base}${ECHO}Metadata`, ["transom.json"]);
    socket.send({ headers: { "x-told": "this" }, trailers: { "x-cost": "12", "x-cost-bin": "AP8=" } });
    const { status } = await socket.rest();
    has(status, { metadata: { "x-told": ["this"] }, trailers: { "x-cost": ["12"], "x-cost-bin": ["AP8"] } });
  });
  await check(ME, "a bearer token among the sub-protocols", async () => {
    const socket = await open(`${base}${ECHO}Metadata`, ["transom.json", "bearer.abc"]);
    equal(socket.socket.protocol, "transom.json");
    socket.send({});
    const { messages } = await socket.rest();
    equal(messages[0].metadata.authorization, { values: ["Bearer abc"] });
  });
  await check(ME, "an error behind messages", async () => {
    const socket = await open(`${base}${ECHO}Stream`, ["transom.json"]);
    socket.send({ count: 2, failCode: 15, failMessage: "torn" });
    const { messages, status } = await socket.rest();
    equal([messages.length, status.code, status.message], [2, 15, "torn"]);
  });
  await check(ME, "text that is no JSON", async () => {
    const socket = await open(`${base}${ECHO}Converse`, ["transom.json"]);
    socket.socket.send("{");
    const { status } = await socket.rest();
    equal(status.code, 3);
  });
  await check(ME, "a message is seen while the backend rests, and closing cancels the backend", async () => {
    const before = await logLength();
    const socket = await open(`${base}${ECHO}Stream`, ["transom.json"]);
    socket.send({ count: 2, interval: `${EVER.seconds}s` });
    equal(await socket.next(), {});
    socket.socket.close();
    const line = await logged({ grpc_method: "Stream", grpc_status: "CANCELLED" }, before);
    has(line, { resp_msgs: 1 }, "access log");
  });
  await check(ME, "a method that does not exist is refused", async () => {
    const refused = await open(`${base}${ECHO}Nothing`, ["transom.json"]).then(() => false, () => true);
    equal(refused, true);
  });

  const PROTO = "WebSocket proto";
  const item = (fields) => toBinary(ItemSchema, create(ItemSchema, fields));
  await check(PROTO, "a conversation", async () => {
    const socket = await open(`${base}${ECHO}Converse`, ["transom.proto"]);
    equal(socket.socket.protocol, "transom.proto");
    for (const index of [1n, 2n]) {
      socket.send(item({ index, text: "ö" }));
      has(fromBinary(ItemSchema, await socket.next()), { index, text: "ö" });
    }
    socket.halfClose();
    const { messages, status, close } = await socket.rest();
    equal([messages.length, status.code ?? 0, close.code], [0, 0, 1000]);
  });
  await check(PROTO, "a client stream, with an empty message in it", async () => {
    const socket = await open(`${base}${ECHO}Collect`, ["transom.proto"]);
    for (const text of ["ab", "", "c"]) socket.send(item({ text }));
    socket.halfClose();
    const { messages, status } = await socket.rest();
    has(fromBinary(CollectedSchema, messages[0]), { count: 3n, size: 3n });
    equal(status.code ?? 0, 0);
  });
  await check(PROTO, "1 MiB each way", async () => {
    const socket = await open(`${base}${ECHO}Echo`, ["transom.proto"]);
    const note = "x".repeat(1 << 20);
    socket.send(toBinary(OrderSchema, create(OrderSchema, { note })));
    const { messages, status } = await socket.rest();
    equal([fromBinary(OrderSchema, messages[0]).note === note, status.code ?? 0], [true, 0]);
  });
  await check(PROTO, "bytes that are no message", async () => {
    const socket = await open(`${base}${ECHO}Echo`, ["transom.proto"]);
    socket.send(new Uint8Array([0xff]));
    const { status } = await socket.rest();
    if (!(status.code > 0)) fail(`it ended with ${JSON.stringify(status)}`);
  });
}
