// @connectrpc/connect-web: the Connect transport with proto and JSON, with GET, and its gRPC-Web one.

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";

import { EchoService } from "../gen/es/demo/echo/v1/echo_pb.js";
import { Failure, check, equal, failure, has, logged, requestId } from "../harness.mjs";

const lower = (method) => method[0].toLowerCase() + method.slice(1);

function failed(error) {
  const { code, rawMessage, details, metadata } = ConnectError.from(error);
  return new Failure(code, rawMessage, details, Object.fromEntries(metadata));
}

function client(name, transport, deadline) {
  const echo = createClient(EchoService, transport);
  const convert = ({ metadata, timeout, signal } = {}) => ({ headers: metadata, timeoutMs: timeout, signal });
  return {
    name,
    deadline,
    async unary(method, request, options) {
      let headers, trailers;
      try {
        const message = await echo[lower(method)](request, {
          ...convert(options),
          onHeader: (found) => (headers = Object.fromEntries(found)),
          onTrailer: (found) => (trailers = Object.fromEntries(found)),
        });
        return { message, headers, trailers };
      } catch (error) {
        throw failed(error);
      }
    },
    async *stream(method, request, options) {
      try {
        yield* echo[lower(method)](request, convert(options));
      } catch (error) {
        throw failed(error);
      }
    },
  };
}

const connectDeadline = (milliseconds) => ["connect-timeout-ms", `${milliseconds}`];
const grpcDeadline = (milliseconds) => ["grpc-timeout", `${milliseconds}m`];

export function clients(baseUrl) {
  return [
    client("connect-web Connect proto", createConnectTransport({ baseUrl, useBinaryFormat: true }), connectDeadline),
    client("connect-web Connect JSON", createConnectTransport({ baseUrl, useBinaryFormat: false }), connectDeadline),
    client("connect-web gRPC-Web proto", createGrpcWebTransport({ baseUrl, useBinaryFormat: true }), grpcDeadline),
    client("connect-web gRPC-Web JSON", createGrpcWebTransport({ baseUrl, useBinaryFormat: false }), grpcDeadline),
  ];
}

/** Unary Connect by GET, which is for methods without side effects. */
export async function gets(baseUrl) {
  for (const useBinaryFormat of [true, false]) {
    const name = `connect-web Connect GET ${useBinaryFormat ? "proto" : "JSON"}`;
    const get = client(name, createConnectTransport({ baseUrl, useBinaryFormat, useHttpGet: true }), connectDeadline);
    await check(name, "a method without side effects", async () => {
      const id = requestId();
      const { message } = await get.unary("Get", { id: -9007199254740993n }, { metadata: { "x-request-id": id } });
      has(message, { id: -9007199254740993n, name: "small--9007199254740993" });
      has(await logged({ request_id: id }), { method: "GET", grpc_status: "OK" }, "access log");
    });
    await check(name, "without a header of its own, so without a preflight", async () => {
      const { message } = await get.unary("Get", { id: 3n });
      equal(message.half, 1.5);
    });
    await check(name, "an error", async () => {
      const error = await failure(() => get.unary("Get", { id: 1n }, { metadata: connectDeadlineOf(0) }));
      equal(error.code, Code.DeadlineExceeded);
    });
    await check(name, "another method goes by POST", async () => {
      const id = requestId();
      await get.unary("Echo", { id: "a" }, { metadata: { "x-request-id": id } });
      has(await logged({ request_id: id }), { method: "POST" }, "access log");
    });
  }
}

const connectDeadlineOf = (milliseconds) => Object.fromEntries([connectDeadline(milliseconds)]);
