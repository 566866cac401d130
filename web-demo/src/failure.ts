// How a call failed, whatever it was made by. Every dialect carries the same three things, which
// google.rpc.Status holds: a code, a message, and details, each of a type of its own.

import { create, fromBinary, fromJson, type JsonValue, type Message } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";

import { Code } from "./gen/google/rpc/code_pb";
import { type Status, StatusSchema } from "./gen/google/rpc/status_pb";
import { TYPES } from "./types";

export { Code };

/** A failed call. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(readonly status: Status) {
    super(status.message || "no message was given");
  }

  /** From the parts that a client library gives. */
  static of(code: Code, message: string, details: Any[] = []): Failure {
    return new Failure(create(StatusSchema, { code, message, details }));
  }

  /** From `grpc-status-details-bin`, a google.rpc.Status in base64. */
  static fromTrailer(base64: string): Failure {
    const bytes = Uint8Array.from(atob(base64.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return new Failure(fromBinary(StatusSchema, bytes));
  }

  /** From the JSON of a REST answer or of a WebSocket's last frame. */
  static fromJson(json: JsonValue): Failure {
    try {
      return new Failure(fromJson(StatusSchema, json, { registry: TYPES, ignoreUnknownFields: true }));
    } catch {
      // A detail of a type that this page does not know: what is left is worth telling.
      const { code, message } = Object(json) as { code?: unknown; message?: unknown };
      return Failure.of(Number(code) || Code.UNKNOWN, String(message ?? "the answer is no google.rpc.Status"));
    }
  }

  get code(): Code {
    return this.status.code;
  }

  /** `NOT_FOUND`, say. */
  get codeName(): string {
    return Code[this.code] ?? `code ${this.code}`;
  }

  /** True when it is the page itself that has left the call. */
  get isCancelled(): boolean {
    return this.code === Code.CANCELLED;
  }

  /** The details, opened where their type is known. */
  get details(): readonly Detail[] {
    return this.status.details.map((any) => ({ any, message: anyUnpack(any, TYPES) }));
  }
}

/** One detail; `message` is its content, if its type is known. */
export interface Detail {
  readonly any: Any;
  readonly message: Message | undefined;
}

/** A detail from a full name of a type and its bytes, as connect-web has them. */
export function detail(type: string, value: Uint8Array): Any {
  return create(AnySchema, { typeUrl: `type.googleapis.com/${type}`, value });
}
