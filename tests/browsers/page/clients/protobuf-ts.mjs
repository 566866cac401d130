// @protobuf-ts/grpcweb-transport, in its text and its binary format, with code by its own plugin.

import { GrpcStatusCode, GrpcWebFetchTransport } from "@protobuf-ts/grpcweb-transport";
import { RpcError } from "@protobuf-ts/runtime-rpc";

import { EchoService } from "../gen/protobuf-ts/demo/echo/v1/echo.ts";
import { EchoServiceClient } from "../gen/protobuf-ts/demo/echo/v1/echo.client.ts";
import { Failure, detailsOf } from "../harness.mjs";

const lower = (method) => method[0].toLowerCase() + method.slice(1);

function plain(metadata) {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, [value].flat().join(", ")]));
}

/** This library leaves the message as it is on the wire. */
function text(message) {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

function failed(error) {
  if (!(error instanceof RpcError)) return error;
  const metadata = plain(error.meta);
  return new Failure(
    GrpcStatusCode[error.code], text(error.message), detailsOf(metadata["grpc-status-details-bin"]), metadata,
  );
}

function client(baseUrl, format) {
  const echo = new EchoServiceClient(new GrpcWebFetchTransport({ baseUrl, format }));
  const message = (method, request) => EchoService.methods.find(({ name }) => name === method).I.create(request);
  const convert = ({ metadata, timeout, signal } = {}) => ({ meta: metadata, timeout, abort: signal });
  return {
    name: `protobuf-ts ${format}`,
    deadline: (milliseconds) => ["grpc-timeout", `${milliseconds}m`],
    async unary(method, request, options) {
      try {
        const call = await echo[lower(method)](message(method, request), convert(options));
        return { message: call.response, headers: plain(call.headers), trailers: plain(call.trailers) };
      } catch (error) {
        throw failed(error);
      }
    },
    async *stream(method, request, options) {
      try {
        const call = echo[lower(method)](message(method, request), convert(options));
        // Who only reads the messages has to say that the rest does not matter.
        for (const rest of [call.headers, call.status, call.trailers]) rest.catch(() => {});
        yield* call.responses;
        await call.status;
      } catch (error) {
        throw failed(error);
      }
    },
  };
}

export function clients(base) {
  return [client(base, "text"), client(base, "binary")];
}
