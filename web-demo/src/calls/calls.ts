// What the pages call, whichever library makes the call. The types are those of connect-web's clients;
// the other library is fitted to them, so that a page does not know which one it has.

import type { Client } from "@connectrpc/connect";

import type { Failure } from "../failure";
import type { ChatService } from "../gen/demo/chat/v1/chat_pb";
import type { EchoService } from "../gen/demo/echo/v1/echo_pb";
import type { LibraryService } from "../gen/demo/library/v1/library_pb";
import type { TelemetryService } from "../gen/demo/telemetry/v1/telemetry_pb";

export interface Calls {
  readonly library: Pick<Client<typeof LibraryService>, "listShelves" | "listBooks" | "borrowBook" | "returnBook">;
  readonly echo: Pick<Client<typeof EchoService>, "fail" | "slow">;
  readonly chat: Pick<Client<typeof ChatService>, "send" | "subscribe">;
  readonly telemetry: Pick<Client<typeof TelemetryService>, "listSensors" | "watch">;
  /** What a call has thrown, in the form that pages show. */
  failure(error: unknown): Failure;
}
