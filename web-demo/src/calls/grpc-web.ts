// Calls by Google's grpc-web. Its generator is a program to download, and writes messages of its own
// kind; neither is needed. A method descriptor is a path and two functions, which the messages of
// protoc-gen-es have already.

import {
  create, type DescMessage, type DescMethod, type DescMethodServerStreaming, type DescMethodUnary,
  fromBinary, type MessageInitShape, type MessageShape, toBinary,
} from "@bufbuild/protobuf";
import { GrpcWebClientBase, MethodDescriptor, MethodType, RpcError, StatusCode } from "grpc-web";

import { Code, Failure } from "../failure";
import { GATEWAY } from "../gateway";
import { ChatService } from "../gen/demo/chat/v1/chat_pb";
import { EchoService } from "../gen/demo/echo/v1/echo_pb";
import { LibraryService } from "../gen/demo/library/v1/library_pb";
import { TelemetryService } from "../gen/demo/telemetry/v1/telemetry_pb";
import type { Calls } from "./calls";
import { Queue } from "./queue";

/** What may be said about one call. */
interface Options {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

// The text form: in the binary one this library shows the messages of a stream only at its end.
const client = new GrpcWebClientBase({ format: "text" });

export const byGoogle: Calls = {
  library: {
    listShelves: unary(LibraryService.method.listShelves),
    listBooks: unary(LibraryService.method.listBooks),
    borrowBook: unary(LibraryService.method.borrowBook),
    returnBook: unary(LibraryService.method.returnBook),
  },
  echo: { fail: unary(EchoService.method.fail), slow: unary(EchoService.method.slow) },
  chat: { send: unary(ChatService.method.send), subscribe: stream(ChatService.method.subscribe) },
  telemetry: {
    listSensors: unary(TelemetryService.method.listSensors),
    watch: stream(TelemetryService.method.watch),
  },
  failure,
};

/** What the library's generator would have written for this method. */
function describe<I extends DescMessage, O extends DescMessage>(method: DescMethod & { input: I; output: O }) {
  // The two classes are for its own code alone; messages of protoc-gen-es are plain objects.
  const Plain = Object as unknown as new () => never;
  return new MethodDescriptor<MessageShape<I>, MessageShape<O>>(
    `/${method.parent.typeName}/${method.name}`,
    method.methodKind === "unary" ? MethodType.UNARY : MethodType.SERVER_STREAMING,
    Plain,
    Plain,
    (request: MessageShape<I>) => toBinary(method.input, request),
    (bytes: Uint8Array) => fromBinary(method.output, bytes),
  );
}

/** A method with one answer, as a function. */
function unary<I extends DescMessage, O extends DescMessage>(method: DescMethodUnary<I, O>) {
  const descriptor = describe(method);
  return (request: MessageInitShape<I>, options: Options = {}) =>
    new Promise<MessageShape<O>>((resolve, reject) => {
      const message = create(method.input, request);
      const call = client.rpcCall(GATEWAY + descriptor.getName(), message, metadata(options), descriptor, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
      onAbort(options, () => {
        call.cancel(); // it says nothing more
        reject(cancelled());
      });
    });
}

/** A method with a stream of answers, as a function. */
function stream<I extends DescMessage, O extends DescMessage>(method: DescMethodServerStreaming<I, O>) {
  const descriptor = describe(method);
  return (request: MessageInitShape<I>, options: Options = {}): AsyncIterable<MessageShape<O>> => {
    const message = create(method.input, request);
    const call = client.serverStreaming(GATEWAY + descriptor.getName(), message, metadata(options), descriptor);
    const answers = new Queue<MessageShape<O>>(() => call.cancel());
    call.on("data", (answer) => answers.push(answer));
    call.on("error", (error) => answers.fail(error));
    call.on("end", () => answers.end());
    onAbort(options, () => {
      call.cancel();
      answers.fail(cancelled());
    });
    return answers;
  };
}

/** This library takes a deadline as a moment in its metadata, and sends what is left of it. */
function metadata({ timeoutMs }: Options): Record<string, string> {
  return timeoutMs === undefined ? {} : { deadline: String(Date.now() + timeoutMs) };
}

function onAbort({ signal }: Options, act: () => void): void {
  if (signal?.aborted) act();
  else signal?.addEventListener("abort", act, { once: true });
}

function cancelled(): RpcError {
  return new RpcError(StatusCode.CANCELLED, "the page has left the call", {});
}

/** Details are in a trailer, which this library leaves unopened. */
function failure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code, message, metadata } = Object(error) as Partial<RpcError>;
  const trailer = metadata?.["grpc-status-details-bin"];
  if (trailer) return Failure.fromTrailer(trailer);
  return Failure.of((code as number | undefined) ?? Code.UNKNOWN, message ?? String(error));
}
