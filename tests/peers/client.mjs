// Calls the warehouse through the gateway with gRPC-Web clients of other makers: connect-web's
// gRPC-Web transport (fetch) and Google's grpc-web (XMLHttpRequest), unary and server streaming.
//
//   node client.mjs http://127.0.0.1:8080 warehouse.binpb
//
// Fails at the first answer that is not what the warehouse said.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { createFileRegistry, create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import grpcWeb from "grpc-web";
import xhr2 from "xhr2";

const [base, descriptors] = process.argv.slice(2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
const stock = registry.getService("warehouse.v1.Stock");
let passed = 0;

async function check(name, run) {
  await run();
  passed += 1;
  console.log(`ok ${name}`);
}

// connect-web, speaking gRPC-Web
const client = createClient(stock, createGrpcWebTransport({ baseUrl: base, useBinaryFormat: true }));

await check("connect-web: unary with an int64, a map, a oneof and a timestamp", async () => {
  const item = await client.createItem({
    parent: "sites/web",
    itemId: "crate",
    item: {
      displayName: "Crate – größer",
      quantity: 9007199254740993n,
      bins: { a1: 3 },
      hazard: { case: "unNumber", value: "UN1993" },
      storedAt: { seconds: 1700000000n, nanos: 5000 },
    },
  });
  assert.equal(item.name, "sites/web/items/crate");
  assert.equal(item.quantity, 9007199254740993n);
  assert.deepEqual({ ...item.bins }, { a1: 3 });
  assert.deepEqual(item.hazard, { case: "unNumber", value: "UN1993" });
  assert.equal(item.storedAt.nanos, 5000);
});

await check("connect-web: headers and trailers arrive", async () => {
  let header, trailer;
  await client.getItem(
    { name: "sites/web/items/crate" },
    { onHeader: (h) => (header = h), onTrailer: (t) => (trailer = t) },
  );
  assert.equal(header.get("x-site"), "north");
  assert.equal(trailer.get("x-cost"), "1");
});

await check("connect-web: an error keeps its code, message and details", async () => {
  const error = await client.getItem({ name: "sites/web/items/gone" }).then(
    () => assert.fail("the item does not exist"),
    (e) => ConnectError.from(e),
  );
  assert.equal(error.code, Code.NotFound);
  assert.match(error.rawMessage, /no item is named 'sites\/web\/items\/gone' — né\?/);
  assert.equal(error.details.length, 1);
  assert.equal(error.details[0].type, "google.rpc.ResourceInfo");
});

await check("connect-web: a server stream, and one that breaks", async () => {
  const seen = [];
  for await (const change of client.watchItems({ parent: "sites/web", changes: 500 })) {
    seen.push(change.sequence);
  }
  assert.deepEqual(seen, Array.from({ length: 500 }, (_, i) => i + 1));
  const broken = [];
  await assert.rejects(
    async () => {
      for await (const change of client.watchItems({ parent: "sites/web", changes: 9, failAfter: 2 })) {
        broken.push(change.sequence);
      }
    },
    (e) => ConnectError.from(e).code === Code.DataLoss,
  );
  assert.deepEqual(broken, [1, 2]);
});

await check("connect-web: a deadline that passes", async () => {
  await assert.rejects(
    client.getItem({ name: "sites/web/items/crate" }, { headers: { "grpc-timeout": "0m" } }),
    (e) => ConnectError.from(e).code === Code.DeadlineExceeded,
  );
});

// Google's grpc-web, binary format
globalThis.XMLHttpRequest = xhr2.XMLHttpRequest;
const google = new grpcWeb.GrpcWebClientBase({ format: "binary" });
const method = stock.method.getItem;
const describe = new grpcWeb.MethodDescriptor(
  "/warehouse.v1.Stock/GetItem",
  grpcWeb.MethodType.UNARY,
  Object,
  Object,
  (request) => toBinary(method.input, create(method.input, request)),
  (bytes) => fromBinary(method.output, bytes),
);

await check("grpc-web: unary", async () => {
  const item = await google.unaryCall(
    `${base}/warehouse.v1.Stock/GetItem`, { name: "sites/web/items/crate" }, {}, describe,
  );
  assert.equal(item.displayName, "Crate – größer");
});

await check("grpc-web: an error keeps its code and message", async () => {
  const error = await google
    .unaryCall(`${base}/warehouse.v1.Stock/GetItem`, { name: "sites/web/items/gone" }, {}, describe)
    .then(() => assert.fail("the item does not exist"), (e) => e);
  assert.equal(error.code, 5);
  assert.match(error.message, /no item is named/);
});

console.log(`${passed} passed, 0 failed`);
