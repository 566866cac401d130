// Calls by @connectrpc/connect-web. One client for each service, made of the generated descriptor;
// the transport decides how it travels: Connect, or gRPC-Web.

import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";

import { detail, Failure } from "../failure";
import { GATEWAY } from "../gateway";
import { ChatService } from "../gen/demo/chat/v1/chat_pb";
import { EchoService } from "../gen/demo/echo/v1/echo_pb";
import { LibraryService } from "../gen/demo/library/v1/library_pb";
import { TelemetryService } from "../gen/demo/telemetry/v1/telemetry_pb";
import { TYPES } from "../types";
import type { Calls } from "./calls";

export const byConnect: Calls = calls(
  // Methods without side effects are called with GET, which caches understand, and which needs no
  // preflight where there is no deadline (that is a header). JSON reads well in the developer tools; `useBinaryFormat: true` is smaller.
  createConnectTransport({ baseUrl: GATEWAY, useHttpGet: true, jsonOptions: { registry: TYPES } }),
);

export const byGrpcWeb: Calls = calls(createGrpcWebTransport({ baseUrl: GATEWAY }));

function calls(transport: Transport): Calls {
  return {
    library: createClient(LibraryService, transport),
    echo: createClient(EchoService, transport),
    chat: createClient(ChatService, transport),
    telemetry: createClient(TelemetryService, transport),
    failure,
  };
}

/** The details of a ConnectError are still in wire form here; `findDetails(schema)` opens one kind. */
function failure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code, rawMessage, details } = ConnectError.from(error);
  const received = details.flatMap((found) => ("type" in found ? [detail(found.type, found.value)] : []));
  return Failure.of(code as number, rawMessage, received);
}
