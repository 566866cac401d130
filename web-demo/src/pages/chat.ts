// A room to talk in. Open it in two windows.

import { Room, type State } from "../chat/room";
import type { Message } from "../gen/demo/chat/v1/chat_pb";
import { card, choice, el, labelled } from "../ui/dom";
import { failureView } from "../ui/failure-view";
import { duration } from "../ui/words";
import type { Page, Stage } from "./page";

/** Messages on the page; the oldest goes first. */
const SHOWN = 200;

const WAYS = { socket: "by WebSocket, both ways in one call", stream: "by a server stream, and a unary call for each thing said" };

export const chat: Page = {
  id: "chat",
  title: "Chat",
  lead: "A conversation over one WebSocket. Where a WebSocket cannot be had, it goes on by a server stream and unary calls. Open it in a second window to talk to yourself.",
  usesDialect: true,
  show,
};

function show({ root, dialect, signal }: Stage): void {
  const name = el("input", { value: "lobby", required: true, maxlength: 60, autocomplete: "off" });
  const author = el("input", { value: "grace", required: true, maxlength: 40, autocomplete: "off" });
  const way = choice([["any", "WebSocket, else streams"], ["stream", "streams only"]], "any");
  const state = el("p", { class: "state", role: "status" });
  const log = el("ol", { class: "said", "aria-live": "polite", "aria-label": "What is said", tabindex: 0 });
  const trouble = el("div", { "aria-live": "assertive" });
  const text = el("input", { "aria-label": "Message", placeholder: "Say something", maxlength: 2000, autocomplete: "off", required: true });
  let room: Room;
  let stay = new AbortController();

  const join = () => {
    stay.abort();
    stay = new AbortController();
    log.replaceChildren();
    trouble.replaceChildren();
    const ways = way.value === "any" ? (["socket", "stream"] as const) : (["stream"] as const);
    room = new Room(name.value || "lobby", author.value || "somebody", dialect.calls, ways,
      { onState: showState, onMessage: showMessage }, AbortSignal.any([signal, stay.signal]));
  };
  const showState = (now: State) => {
    state.dataset.state = now.is;
    if (now.is === "joined") trouble.replaceChildren();
    state.textContent =
      now.is === "joining" ? "Joining …"
      : now.is === "joined" ? `Joined ${WAYS[now.way]}.`
      : `Lost: ${now.failure.message}. The next try is in ${duration(now.milliseconds)}.`;
  };
  const showMessage = (message: Message) => {
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    log.append(messageView(message, author.value));
    if (log.children.length > SHOWN) log.firstElementChild?.remove();
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  };
  const say = async (event: Event) => {
    event.preventDefault();
    const said = text.value;
    text.value = "";
    try {
      await room.say(said);
    } catch (error) {
      if (signal.aborted) return;
      text.value ||= said; // nothing is lost
      trouble.replaceChildren(failureView(dialect.calls.failure(error)));
    }
  };
  for (const control of [name, author, way]) control.addEventListener("change", join);
  root.append(el("div", { class: "columns narrow" },
    card("Conversation", state, log, trouble,
      el("form", { class: "say", onsubmit: (event) => void say(event) }, text, el("button", { class: "primary" }, "Send"))),
    card("Who and where", labelled("Your name", author), labelled("Room", name), labelled("How", way),
      el("p", { class: "dim" }, "A lost connection comes back by itself, after a wait that doubles, and asks only for what was said since."))));
  join();
}

function messageView({ author, text, time }: Message, me: string): HTMLElement {
  const when = time ? new Date(Number(time.seconds) * 1000) : new Date();
  return el("li", { class: author === me ? "message mine" : "message" },
    el("span", { class: "by" }, author || "somebody", " ",
      el("time", { datetime: when.toISOString() }, when.toLocaleTimeString("en", { timeStyle: "short" }))),
    el("span", { class: "text" }, text));
}
