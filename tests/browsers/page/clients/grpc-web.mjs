// Google's grpc-web, in both of its modes. Its generator is not needed: a method is described by
// hand, with the serialisers of @bufbuild/protobuf.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import grpcWeb from "grpc-web";

import { EchoService } from "../gen/es/demo/echo/v1/echo_pb.js";
import { Failure, Queue, detailsOf } from "../harness.mjs";

const { GrpcWebClientBase, MethodDescriptor, MethodType } = grpcWeb;

/** The descriptor that the generator would have written. */
export function describe(service, name) {
  const method = service.methods.find((candidate) => candidate.name === name);
  return new MethodDescriptor(
    `/${service.typeName}/${name}`,
    method.methodKind === "unary" ? MethodType.UNARY : MethodType.SERVER_STREAMING,
    Object,
    Object,
    (request) => toBinary(method.input, create(method.input, request)),
    (bytes) => fromBinary(method.output, bytes),
  );
}

function failed({ code, message, metadata = {} }) {
  return new Failure(code, message, detailsOf(metadata["grpc-status-details-bin"]), metadata);
}

/** Grows `metadata` by the deadline, which this library takes as a moment. */
function convert({ metadata = {}, timeout } = {}) {
  return timeout ? { ...metadata, deadline: `${Date.now() + timeout}` } : metadata;
}

export function client(base, service, format) {
  const mode = format === "text" ? "grpcwebtext" : "grpcweb";
  const calls = new GrpcWebClientBase({ format });
  return {
    name: `grpc-web ${mode}`,
    lacks: format === "text" ? {} : {
      "a message is seen while the backend rests, and leaving cancels the backend":
        "in this mode it reads the whole answer before it gives a message out",
    },
    deadline: (milliseconds) => ["grpc-timeout", `${milliseconds}m`],
    unary(method, request, options) {
      return new Promise((resolve, reject) => {
        let headers, message, trailers;
        const descriptor = describe(service, method);
        const call = calls.rpcCall(base + descriptor.getName(), request, convert(options), descriptor, (error, found) => {
          if (error) reject(failed(error));
          else message = found;
        });
        call.on("metadata", (found) => (headers = found));
        call.on("status", (status) => (trailers = status.metadata));
        call.on("end", () => resolve({ message, headers, trailers }));
        options?.signal?.addEventListener("abort", () => {
          call.cancel();
          reject(new Failure(1, "cancelled")); // this library says nothing more
        });
      });
    },
    stream(method, request, options) {
      const queue = new Queue();
      const descriptor = describe(service, method);
      const call = calls.serverStreaming(base + descriptor.getName(), request, convert(options), descriptor);
      call.on("data", (message) => queue.push(message));
      call.on("error", (error) => queue.end(failed(error)));
      call.on("end", () => queue.end());
      options?.signal?.addEventListener("abort", () => {
        call.cancel();
        queue.end(new Failure(1, "cancelled"));
      });
      return queue;
    },
  };
}

export function clients(base) {
  return [client(base, EchoService, "text"), client(base, EchoService, "binary")];
}
