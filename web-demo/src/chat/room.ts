// A room of the chat that stays joined: by one WebSocket, both ways; where that cannot be had (some
// proxies let none through), by a server stream to listen and a unary call for each thing said. When
// the connection is lost it comes back, and misses nothing of what was said in between.

import { backoff, pause } from "../backoff";
import type { Calls } from "../calls/calls";
import { Conversation } from "../calls/socket";
import { Failure } from "../failure";
import { ChatService, type JoinRequestSchema, type Message, type MessageSchema } from "../gen/demo/chat/v1/chat_pb";

/** Milliseconds that a WebSocket may take to open. */
const OPENING = 4000;
/** Milliseconds after which a stream that has not failed counts as listening. */
const QUIET = 1500;

export type Way = "socket" | "stream";

export type State =
  | { readonly is: "joining" }
  | { readonly is: "joined"; readonly way: Way }
  | { readonly is: "lost"; readonly failure: Failure; readonly milliseconds: number };

export interface Listener {
  onState(state: State): void;
  onMessage(message: Message): void;
}

export class Room {
  /** The number of the last message seen: what comes back begins behind it. */
  private last = 0n;
  private socket: Conversation<typeof JoinRequestSchema, typeof MessageSchema> | undefined;

  constructor(
    private readonly name: string,
    private readonly author: string,
    private readonly calls: Calls,
    private readonly ways: readonly Way[],
    private readonly listener: Listener,
    private readonly signal: AbortSignal,
  ) {
    void this.stay();
  }

  /** Says something, by whichever way there is. */
  async say(text: string): Promise<void> {
    if (this.socket?.send({ text })) return;
    await this.calls.chat.send({ room: this.name, message: { author: this.author, text } }, { timeoutMs: 5000, signal: this.signal });
  }

  private async stay(): Promise<void> {
    for (let attempt = 1; !this.signal.aborted; attempt += 1) {
      this.listener.onState({ is: "joining" });
      let failure = Failure.of(0, "the gateway has ended the call");
      // A call that is refused as soon as it has opened is not tried faster for that.
      const settled = () => (attempt = 0);
      const joined = (way: Way) => {
        this.listener.onState({ is: "joined", way });
      };
      try {
        const wasOpen = this.ways.includes("socket") && (await this.listenBySocket(joined, settled));
        if (!wasOpen && this.ways.includes("stream")) await this.listenByStream(joined, settled);
      } catch (error) {
        failure = this.calls.failure(error);
      }
      if (this.signal.aborted) return;
      const milliseconds = backoff(Math.max(1, attempt));
      this.listener.onState({ is: "lost", failure, milliseconds });
      await pause(milliseconds, this.signal);
    }
  }

  private heard(message: Message): void {
    this.last = message.id;
    this.listener.onMessage(message);
  }

  /** Listens until the call ends. False when the connection could not be made at all. */
  private listenBySocket(joined: (way: Way) => void, settled: () => void): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      let quiet: ReturnType<typeof setTimeout> | undefined;
      const socket = new Conversation(ChatService.method.join, `/v1/rooms/${encodeURIComponent(this.name)}:join`, {
        onOpen: () => {
          isOpen = true;
          clearTimeout(timer);
          this.socket = socket;
          socket.send({ author: this.author, after: this.last });
          joined("socket");
          quiet = setTimeout(settled, QUIET);
        },
        onMessage: (message) => {
          settled();
          this.heard(message);
        },
        onEnd: (failure) => {
          clearTimeout(timer);
          clearTimeout(quiet);
          this.signal.removeEventListener("abort", leave);
          this.socket = undefined;
          if (isOpen && failure) reject(failure);
          else resolve(isOpen);
        },
      });
      const leave = () => {
        socket.close();
        resolve(isOpen);
      };
      const timer = setTimeout(leave, OPENING);
      this.signal.addEventListener("abort", leave);
    });
  }

  private async listenByStream(joined: (way: Way) => void, settled: () => void): Promise<void> {
    let isJoined = false;
    const listening = () => {
      if (!isJoined && !this.signal.aborted) joined("stream");
      isJoined = true;
    };
    // connect-web tells when the answer begins; grpc-web tells nothing before the first message, and in
    // a silent room there is none.
    const timer = setTimeout(() => {
      listening();
      settled();
    }, QUIET);
    try {
      const messages = this.calls.chat.subscribe(
        { room: this.name, after: this.last },
        { signal: this.signal, onHeader: listening },
      );
      for await (const message of messages) {
        listening();
        settled();
        this.heard(message);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
