// What every gRPC-Web and Connect client is put through. A client is an object:
//
//   name           for the report
//   unary          (method, request, options) → { message, headers, trailers }, or throws a Failure
//   stream         (method, request, options) → an async iterable that may throw a Failure
//   deadline       the name of the header by which it tells a deadline, and how: milliseconds → value
//   lacks          check name → why this client cannot do it
//
// `options` are `metadata` (text; `-bin` values in base64), `timeout` (milliseconds, by the client's
// own means) and `signal`.

import { fromBinary } from "@bufbuild/protobuf";

import { BadRequestSchema, LocalizedMessageSchema } from "./gen/es/google/rpc/error_details_pb.js";
import {
  EVER, base64, check, drain, equal, fail, failure, has, logged, requestId, skip, unbase64,
} from "./harness.mjs";

const CANCELLED = 1, INVALID_ARGUMENT = 3, DEADLINE_EXCEEDED = 4, RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9, DATA_LOSS = 15;

/** Milliseconds that are let pass before a call is cut short. */
const SHORT = 150;

const ORDER = {
  id: "o-1",
  customer: 9007199254740993n,
  state: 2,
  createTime: { seconds: 1700000000n, nanos: 5000 },
  address: { lines: ["Straße 1", "😈"], town: "Zürich", country: "CH" },
  items: [{ sku: "a", quantity: -3, price: { currencyCode: "EUR", units: -1n, nanos: -500000000 }, gift: true }],
  labels: { "": "empty", ключ: "значение" },
  note: "line\nline\u0000end",
};

const EVERY_BYTE = base64(Uint8Array.from({ length: 256 }, (_, i) => i));

const CHECKS = {
  async "unary, every kind of field"(client) {
    const { message } = await client.unary("Echo", ORDER);
    has(message, ORDER);
  },

  async "unary, an empty message each way"(client) {
    const { message } = await client.unary("Fail", {});
    equal(typeof message, "object");
  },

  async "unary, 1 MiB each way"(client) {
    const note = "0123456789abcdef".repeat(65536);
    const { message } = await client.unary("Echo", { note });
    equal(message.note.length, note.length);
    if (message.note !== note) fail("the note differs");
  },

  async "30 calls at once"(client) {
    const ids = Array.from({ length: 30 }, (_, i) => BigInt(i));
    const answers = await Promise.all(ids.map((id) => client.unary("Get", { id })));
    equal(answers.map((answer) => answer.message.id), ids);
  },

  async "a server stream of 500 messages"(client) {
    const { items, error } = await drain(client.stream("Stream", { count: 500, size: 1000 }));
    if (error) throw error;
    equal(items.map((item) => Number(item.index)), Array.from({ length: 500 }, (_, i) => i));
    equal(items.every((item) => item.text.length === 1000), true);
  },

  async "a server stream without a message"(client) {
    has(await drain(client.stream("Stream", { count: 0 })), { items: [], error: undefined });
  },

  async "a message is seen while the backend rests, and leaving cancels the backend"(client) {
    const id = requestId();
    const leave = new AbortController();
    const stream = client.stream(
      "Stream", { count: 2, interval: EVER }, { metadata: { "x-request-id": id }, signal: leave.signal },
    );
    let seen = 0;
    const end = await failure(async () => {
      for await (const item of stream) {
        equal(Number(item.index), 0);
        seen += 1;
        leave.abort();
      }
    });
    equal([seen, end.code], [1, CANCELLED]);
    const line = await logged({ request_id: id });
    has(line, { grpc_status: "CANCELLED", resp_msgs: 1 }, "access log");
  },

  async "aborting a unary call cancels the backend"(client) {
    // Nothing tells a page that its request has arrived: an abort that came too early is done again later.
    for (let pause = SHORT; ; pause *= 3) {
      const id = requestId();
      const leave = new AbortController();
      const call = failure(() =>
        client.unary("Slow", { delay: EVER }, { metadata: { "x-request-id": id }, signal: leave.signal }));
      setTimeout(() => leave.abort(), pause);
      equal((await call).code, CANCELLED);
      const line = await logged({ request_id: id });
      if (!line && pause < 2000) continue;
      has(line, { grpc_status: "CANCELLED" }, "access log");
      return;
    }
  },

  async "a deadline that the gateway keeps"(client) {
    const id = requestId();
    const [name, value] = client.deadline(SHORT);
    const error = await failure(() =>
      client.unary("Slow", { delay: EVER }, { metadata: { "x-request-id": id, [name]: value } }));
    equal(error.code, DEADLINE_EXCEEDED);
    has(await logged({ request_id: id }), { grpc_status: "DEADLINE_EXCEEDED", deadline_ms: SHORT }, "access log");
  },

  async "a deadline that the gateway keeps behind a message"(client) {
    const [name, value] = client.deadline(3 * SHORT);
    const { items, error } = await drain(
      client.stream("Stream", { count: 2, interval: EVER }, { metadata: { [name]: value } }));
    equal([items.length, error?.code], [1, DEADLINE_EXCEEDED]);
  },

  async "a deadline by the client's own means"(client) {
    // The client's own clock may be faster than its request: then again, with more time.
    for (let timeout = SHORT; ; timeout *= 4) {
      const id = requestId();
      const error = await failure(() =>
        client.unary("Slow", { delay: EVER }, { metadata: { "x-request-id": id }, timeout }));
      equal(error.code, DEADLINE_EXCEEDED);
      const line = await logged({ request_id: id });
      if (!line && timeout < 2000) continue;
      if (!(line?.deadline_ms > 0 && line.deadline_ms <= timeout)) {
        fail(`the gateway understood a deadline of ${line?.deadline_ms} ms`);
      }
      return;
    }
  },

  async "every status code"(client) {
    for (let code = 1; code <= 16; code += 1) {
      const error = await failure(() => client.unary("Fail", { code, message: `code ${code}` }));
      equal([error.code, error.text], [code, `code ${code}`]);
    }
  },

  async "an error with its message and ten details"(client) {
    const message = "schön: 100 % of it,\n\t“😈”";
    const error = await failure(() => client.unary("Fail", { code: FAILED_PRECONDITION, message, standardDetails: true }));
    equal([error.code, error.text], [FAILED_PRECONDITION, message]);
    equal(error.details.length, 10);
    const find = (name) => error.details.find(({ type }) => type === `google.rpc.${name}`)?.value ?? fail(`no ${name}`);
    has(fromBinary(BadRequestSchema, find("BadRequest")), { fieldViolations: [{ field: "code" }] });
    has(fromBinary(LocalizedMessageSchema, find("LocalizedMessage")), { locale: "de", message: "wie gewünscht" });
  },

  async "an error behind three messages"(client) {
    const { items, error } = await drain(client.stream("Stream", { count: 3, failCode: DATA_LOSS, failMessage: "torn" }));
    equal([items.length, error?.code, error?.text], [3, DATA_LOSS, "torn"]);
  },

  async "an error before the first message"(client) {
    const { items, error } = await drain(client.stream("Stream", { count: -1 }));
    equal([items.length, error?.code], [0, INVALID_ARGUMENT]);
  },

  async "a message over the limit"(client) {
    const error = await failure(() => client.unary("Echo", { note: "x".repeat(5 << 20) }));
    equal(error.code, RESOURCE_EXHAUSTED);
  },

  async "metadata to the backend, text and binary"(client) {
    const { message } = await client.unary(
      "Metadata", {}, { metadata: { "x-asked": "for, this", "x-asked-bin": EVERY_BYTE } });
    has(message.metadata, { "x-asked": { values: ["for, this"] }, "x-asked-bin": { values: [EVERY_BYTE] } });
    for (const name of ["origin", "referer", "sec-fetch-mode", "x-grpc-web", "connect-protocol-version"]) {
      if (message.metadata[name]) fail(`the backend received ${name}`);
    }
  },

  async "metadata from the backend, text and binary"(client) {
    const { headers } = await client.unary(
      "Metadata", { headers: { "x-told": "this; that", "x-told-bin": EVERY_BYTE } });
    equal(headers["x-told"], "this; that");
    equal(base64(unbase64(headers["x-told-bin"])), EVERY_BYTE);
  },

  async "trailers from the backend, text and binary"(client) {
    const { trailers } = await client.unary(
      "Metadata", { trailers: { "x-cost": "12", "x-cost-bin": EVERY_BYTE } });
    equal(trailers["x-cost"], "12");
    equal(base64(unbase64(trailers["x-cost-bin"])), EVERY_BYTE);
  },

  async "the request's id can be read"(client) {
    const id = requestId();
    const { headers } = await client.unary("Get", { id: 1n }, { metadata: { "x-request-id": id } });
    equal(headers["x-request-id"], id);
  },
};

export async function checkAll(client) {
  for (const [name, run] of Object.entries(CHECKS)) {
    const why = client.lacks?.[name];
    if (why) await skip(client.name, name, why);
    else await check(client.name, name, () => run(client));
  }
}
