// gRPC's interoperability cases as far as gRPC-Web goes, by Google's grpc-web in both of its modes,
// against a backend of grpcio. Names and numbers are those of grpc's interop-test-descriptions.

import { client } from "./clients/grpc-web.mjs";
import { TestService, UnimplementedService } from "./gen/es/grpc/testing/test_pb.js";
import { base64, check, drain, equal, failure, unbase64 } from "./harness.mjs";

const UNKNOWN = 2, DEADLINE_EXCEEDED = 4, UNIMPLEMENTED = 12;

const CASES = {
  async empty_unary({ test }) {
    const { message } = await test.unary("EmptyCall", {});
    equal(message.$typeName, "grpc.testing.Empty");
  },
  async large_unary({ test }) {
    const { message } = await test.unary("UnaryCall", {
      responseSize: 314159, payload: { body: new Uint8Array(271828) },
    });
    equal([message.payload.body.length, message.payload.body.some((byte) => byte !== 0)], [314159, false]);
  },
  async server_streaming({ test }) {
    const sizes = [31415, 9, 2653, 58979];
    const { items, error } = await drain(
      test.stream("StreamingOutputCall", { responseParameters: sizes.map((size) => ({ size })) }));
    if (error) throw error;
    equal(items.map(({ payload }) => payload.body.length), sizes);
  },
  async custom_metadata({ test }) {
    const { headers, trailers } = await test.unary(
      "UnaryCall",
      { responseSize: 314159, payload: { body: new Uint8Array(271828) } },
      { metadata: {
        "x-grpc-test-echo-initial": "test_initial_metadata_value",
        "x-grpc-test-echo-trailing-bin": base64(new Uint8Array([0xab, 0xab, 0xab])),
      } },
    );
    equal(headers["x-grpc-test-echo-initial"], "test_initial_metadata_value");
    equal(unbase64(trailers["x-grpc-test-echo-trailing-bin"]), new Uint8Array([0xab, 0xab, 0xab]));
  },
  async status_code_and_message({ test }) {
    const message = "test status message";
    const error = await failure(() => test.unary("UnaryCall", { responseStatus: { code: UNKNOWN, message } }));
    equal([error.code, error.text], [UNKNOWN, message]);
  },
  async special_status_message({ test }) {
    const message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    const error = await failure(() => test.unary("UnaryCall", { responseStatus: { code: UNKNOWN, message } }));
    equal([error.code, error.text], [UNKNOWN, message]);
  },
  async unimplemented_method({ test }) {
    equal((await failure(() => test.unary("UnimplementedCall", {}))).code, UNIMPLEMENTED);
  },
  async unimplemented_service({ unimplemented }) {
    equal((await failure(() => unimplemented.unary("UnimplementedCall", {}))).code, UNIMPLEMENTED);
  },
  async timeout_on_sleeping_server({ test }) {
    const sleepy = { responseParameters: [{ size: 1, intervalUs: 5_000_000 }], payload: { body: new Uint8Array(27182) } };
    // The case says 1 ms; a deadline that has passed before the request is made this library leaves out.
    const { error } = await drain(test.stream("StreamingOutputCall", sleepy, { timeout: 100 }));
    equal(error?.code, DEADLINE_EXCEEDED);
  },
};

export async function checkInterop(base) {
  for (const format of ["binary", "text"]) {
    const test = client(base, TestService, format);
    const unimplemented = client(base, UnimplementedService, format);
    for (const [name, run] of Object.entries(CASES)) {
      await check(`interop ${test.name.split(" ")[1]}`, name, () => run({ test, unimplemented }));
    }
  }
}
