// @improbable-eng/grpc-web, with its fetch transport and its XMLHttpRequest one. Its WebSocket
// transport speaks a protocol of its own, which is not served.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { grpc } from "@improbable-eng/grpc-web";

import { EchoService } from "../gen/es/demo/echo/v1/echo_pb.js";
import { Failure, Queue, detailsOf } from "../harness.mjs";

/** The classes that its generator would have written, around a message of @bufbuild/protobuf. */
function describe(name) {
  const method = EchoService.methods.find((candidate) => candidate.name === name);
  const decode = (bytes) => ({ message: fromBinary(method.output, bytes), toObject: () => ({}) });
  const encode = (request) => ({
    serializeBinary: () => toBinary(method.input, create(method.input, request)),
    toObject: () => ({}),
  });
  const definition = {
    methodName: name,
    service: { serviceName: EchoService.typeName },
    requestStream: false,
    responseStream: method.methodKind === "server_streaming",
    requestType: Object,
    responseType: { deserializeBinary: decode },
  };
  return { definition, encode };
}

function plain(metadata) {
  const all = {};
  metadata?.forEach((name, values) => (all[name.toLowerCase()] = values.join(", ")));
  return all;
}

function failed(code, text, trailers) {
  const metadata = plain(trailers);
  return new Failure(code, text, detailsOf(metadata["grpc-status-details-bin"]), metadata);
}

function client(name, host, transport) {
  return {
    name,
    deadline: (milliseconds) => ["grpc-timeout", `${milliseconds}m`],
    lacks: { "a deadline by the client's own means": "it has none" },
    unary(method, request, { metadata, signal } = {}) {
      return new Promise((resolve, reject) => {
        const { definition, encode } = describe(method);
        const call = grpc.unary(definition, {
          host, transport, metadata, request: encode(request),
          onEnd({ status, statusMessage, headers, message, trailers }) {
            if (status !== 0) reject(failed(status, statusMessage, trailers));
            else resolve({ message: message.message, headers: plain(headers), trailers: plain(trailers) });
          },
        });
        signal?.addEventListener("abort", () => {
          call.close();
          reject(new Failure(1, "closed"));
        });
      });
    },
    stream(method, request, { metadata, signal } = {}) {
      const queue = new Queue();
      const { definition, encode } = describe(method);
      const call = grpc.invoke(definition, {
        host, transport, metadata, request: encode(request),
        onMessage: ({ message }) => queue.push(message),
        onEnd: (code, text, trailers) => queue.end(code === 0 ? undefined : failed(code, text, trailers)),
      });
      signal?.addEventListener("abort", () => {
        call.close();
        queue.end(new Failure(1, "closed"));
      });
      return queue;
    },
  };
}

export function clients(host) {
  return [
    client("improbable fetch", host, grpc.FetchReadableStreamTransport({})),
    client("improbable XHR", host, grpc.XhrTransport({})),
  ];
}
