// One call over a WebSocket: a frame for each message both ways, in JSON, and the status in the last
// frame. The path is that of a REST binding, or `/pkg.Service/Method`.

import {
  create, type DescMessage, type DescMethodBiDiStreaming, fromJson, type JsonValue, type MessageInitShape,
  type MessageShape, toJsonString,
} from "@bufbuild/protobuf";

import { Code, Failure } from "../failure";
import { socketUrl } from "../gateway";

/** What the call tells; after `onEnd` nothing comes. */
export interface Listener<T> {
  onOpen(): void;
  onMessage(message: T): void;
  /** Undefined when the call went well. */
  onEnd(failure: Failure | undefined): void;
}

export class Conversation<I extends DescMessage, O extends DescMessage> {
  private readonly socket: WebSocket;
  private status: Failure | "OK" | undefined;

  constructor(
    private readonly method: DescMethodBiDiStreaming<I, O>,
    path: string,
    listener: Listener<MessageShape<O>>,
  ) {
    this.socket = new WebSocket(socketUrl(path), ["transom.json"]);
    this.socket.onopen = () => listener.onOpen();
    this.socket.onmessage = ({ data }) => {
      const json = JSON.parse(data as string) as { "@status"?: JsonValue };
      const status = json["@status"];
      if (status === undefined) listener.onMessage(fromJson(method.output, json as JsonValue, { ignoreUnknownFields: true }));
      else this.status = (status as { code: number }).code === Code.OK ? "OK" : Failure.fromJson(status);
    };
    this.socket.onclose = ({ code }) => {
      // Without a status the connection itself was lost, or never made: the browser does not say why.
      const lost = () => Failure.of(Code.UNAVAILABLE, `the WebSocket was closed with code ${code}`);
      listener.onEnd(this.status === "OK" ? undefined : (this.status ?? lost()));
    };
  }

  /** Says one message. False when there is no connection to say it by. */
  send(message: MessageInitShape<I>): boolean {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(toJsonString(this.method.input, create(this.method.input, message)));
    return true;
  }

  /** No more messages from here; the other side ends the call. */
  halfClose(): void {
    this.socket.send("\n");
  }

  /** Leaves the call, which is cancelled. */
  close(): void {
    // A browser complains on the console about one that is closed before it is open.
    if (this.socket.readyState === WebSocket.CONNECTING) this.socket.onopen = () => this.socket.close();
    else this.socket.close();
  }
}
