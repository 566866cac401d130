// Try it: one form for every way to call a method, and what comes back.
//
//   data block ─► form ⇄ JSON ─► samples
//                     └────────► call by REST, gRPC-Web, Connect or WebSocket ─► answer, history
//
// Nothing is kept anywhere but in this page's memory, credentials least of all.

import { answer } from "./answer.js";
import { credentials } from "./credentials.js";
import { button, el, isObject, unique } from "./element.js";
import { form } from "./form.js";
import { parse } from "./json.js";
import { read as readLink, write as writeLink } from "./link.js";
import { callRest } from "./rest_call.js";
import { callConnect, callGrpcWeb } from "./rpc_call.js";
import { fill, values } from "./samples.js";
import { openSocket } from "./socket_call.js";
import { ofError } from "./status.js";
import { tabs } from "./tabs.js";

/** @import { Call, JsonObject, Listener, Page, Socket } from "./types" */

/** Calls that are remembered. */
const HISTORY_MAX = 20;

/** Messages of a client stream that wait to be sent. */
const QUEUE_MAX = 200;

/** @typedef {"rest" | "sse" | "array" | "grpc-web" | "connect" | "websocket"} Mode */

const NAMES = /** @type {Record<Mode, string>} */ ({
  rest: "REST", sse: "SSE", array: "JSON array", "grpc-web": "gRPC-Web", connect: "Connect", websocket: "WebSocket",
});

/** @param {Page} page @returns {Mode[]} */
function modesOf({ method, operations }) {
  /** @type {Mode[]} */
  const modes = [];
  const streams = method.shape === "server_stream" || method.shape === "bidi";
  // A method's own path is Connect's; as REST it would be the same call.
  const bindings = operations.filter(({ template }) => template !== method.path);
  if (bindings.length > 0) {
    modes.push("rest");
    if (streams && !bindings.every(({ bytes }) => bytes)) modes.push("sse", "array");
  }
  modes.push("grpc-web");
  if (method.own) modes.push("connect");
  if (method.own || bindings.length > 0) modes.push("websocket");
  return modes;
}

/** @param {HTMLElement} place @param {Page} page */
function start(place, page) {
  const { method } = page;
  const sends = method.shape === "client_stream" || method.shape === "bidi";
  const streams = method.shape === "server_stream" || method.shape === "bidi";
  const modes = modesOf(page);
  const bindings = page.operations.filter(({ template }) => template !== method.path);
  let mode = modes[0];
  /** @type {JsonObject[]} */
  let queue = [];
  /** @type {AbortController | null} */
  let running = null;
  /** @type {Socket | null} */
  let socket = null;

  // The request: a form and JSON, kept in step.
  const fields = form(page, method.input, () => changed("form"));
  const text = el("textarea", { id: unique("json"), rows: 12, spellcheck: "false", class: "code", "aria-describedby": "try-json-problem" });
  const complaint = el("p", { class: "problem", id: "try-json-problem", hidden: true });
  const complain = (/** @type {string[]} */ problems) => {
    complaint.textContent = problems.length === 0 ? "" : `${problems.join("; ")}. What is sent is what the form holds.`;
    complaint.hidden = problems.length === 0;
    if (problems.length > 0) text.setAttribute("aria-invalid", "true");
    else text.removeAttribute("aria-invalid");
  };
  text.addEventListener("input", () => {
    try {
      const value = parse(text.value === "" ? "{}" : text.value);
      complain(fields.set(value));
      changed("json");
    } catch (error) {
      complain([`no JSON: ${error instanceof Error ? error.message : error}`]);
    }
  });
  const message = () => {
    const value = fields.get();
    return isObject(value) ? value : /** @type {JsonObject} */ ({});
  };
  const show = (/** @type {JsonObject} */ value) => {
    complain(fields.set(value));
    changed("all");
  };

  // How it is called.
  const radios = modes.map((one) => {
    const input = el("input", { type: "radio", name: "try-mode", id: unique(one), value: one, checked: one === mode });
    input.addEventListener("input", () => choose(one));
    return { one, input, label: el("label", { for: input.id }, input, one === "rest" && streams ? "REST, lines" : NAMES[one]) };
  });
  const binding = el(
    "select", { id: unique("binding") },
    ...bindings.map(({ verb, template }, index) => el("option", { value: index }, `${verb} ${template}`)),
  );
  binding.addEventListener("input", () => changed("all"));
  const bindingLine = el("p", { class: "line" }, el("label", { for: binding.id }, "Binding "), binding);
  // The gateway may have been told another scheme than the browser was.
  const servers = page.servers.filter((url) => /^https?:/.test(url)).map((url) => {
    const { host, pathname } = new URL(url);
    return host === location.host ? location.origin + pathname.replace(/\/$/, "") : url;
  });
  const server = el("select", { id: unique("server") }, ...servers.map((url) => el("option", { value: url }, url)));
  server.addEventListener("input", () => changed("all"));
  const origin = () => (server.value || location.origin).replace(/\/$/, "");
  const operation = () => bindings[Number(binding.value)] ?? null;
  const heads = credentials(() => changed("all"));

  const choose = (/** @type {Mode} */ next) => {
    mode = next;
    for (const { one, input } of radios) input.checked = one === mode;
    const byBinding = mode === "rest" || mode === "sse" || mode === "array" || (mode === "websocket" && !method.own);
    bindingLine.hidden = !byBinding || bindings.length < 2;
    tools();
    changed("all");
  };

  // What is done.
  const problemCount = el("p", { class: "meaning", role: "status" });
  const send = el("button", { type: "submit", class: "primary" }, "Send");
  const cancel = button("Cancel", () => {
    socket?.cancel();
    running?.abort();
  }, { class: "danger" });
  const half = button("No more from here", () => {
    socket?.halfClose();
    half.disabled = true;
    next.disabled = true;
  });
  const next = button("Send this message", () => {
    if (!socket || !view || !socket.isOpen()) return;
    const value = message();
    socket.send(value);
    const sent = JSON.stringify(value);
    view.said(sent, new TextEncoder().encode(sent).length);
  }, { class: "primary" });
  const queued = el("ol", { class: "queue" });
  const enqueue = button("Add this message", () => {
    if (queue.length >= QUEUE_MAX) return;
    queue.push(message());
    drawQueue();
    changed("all");
  });
  const drawQueue = () => {
    queued.replaceChildren(...queue.map((one, index) => el(
      "li", {}, el("code", {}, JSON.stringify(one)),
      button("Remove", () => {
        queue.splice(index, 1);
        drawQueue();
        changed("all");
      }, { class: "small", "aria-label": `Remove message ${index + 1}` }),
    )));
  };
  const linked = el("span", { class: "meaning", role: "status" });
  const link = button("Link to this request", () => {
    const made = writeLink(page, { mode, binding: Number(binding.value) || 0, messages: [...queue, message()] });
    if (made === null) {
      linked.textContent = "The request is too long for a link.";
      return;
    }
    const { href, without } = made;
    history.replaceState(null, "", href);
    linked.replaceChildren(`The address of this page is the link now. Not in it: ${["headers", ...without].join(", ")}.`);
    navigator.clipboard?.writeText(href).then(() => linked.append(" It is on the clipboard."), () => {});
  });
  const tools = () => {
    const live = running !== null;
    const conversing = live && socket !== null && socket.isOpen() && sends;
    const composes = sends && mode !== "websocket";
    send.hidden = live;
    send.textContent = sends && mode === "websocket" ? "Open" : composes ? "Send all" : "Send";
    cancel.hidden = !live;
    half.hidden = next.hidden = !conversing;
    enqueue.hidden = !composes || live;
    queued.hidden = !composes;
    for (const { input } of radios) input.disabled = live;
  };

  // What came.
  const latest = el("div", { class: "latest" });
  const past = el("ol", { class: "history" });
  const pastPart = el("details", { class: "part", hidden: true }, el("summary", {}, "Calls before, in this page's memory"), past);
  /** @type {ReturnType<typeof answer> | null} */
  let view = null;

  const begin = async () => {
    const count = fields.problems("show");
    tellProblems(count);
    const messages = sends ? (mode === "websocket" ? [] : queue.length > 0 ? queue : [message()]) : [message()];
    const value = message();
    const by = mode;
    const title = NAMES[by];
    const controller = new AbortController();
    running = controller;
    const entry = answer(title, method.shape, (_, summary) => {
      running = null;
      socket = null;
      tools();
      remember(title, summary, by, value, entry.element);
    });
    view = entry;
    latest.replaceChildren(entry.element);
    tools();
    try {
      /** @type {Call} */
      const call = {
        page, origin: origin(), operation: operation(), messages: by === "websocket" && sends ? [value] : messages,
        headers: heads.headers(), deadline: heads.deadline(), signal: controller.signal,
      };
      if (by === "websocket") converse(call, entry.listener);
      else await make(by, call, entry.listener, streams);
    } catch (error) {
      entry.listener.end(ofError(error));
    }
  };

  const converse = (/** @type {Call} */ call, /** @type {Listener} */ listener) => {
    const opened = openSocket(call, listener, () => {
      if (sends) return tools();
      // A binding without a body takes none: the URL is the message.
      if (method.own || call.operation?.body) {
        opened.send(call.messages[0]);
        const sent = JSON.stringify(call.messages[0]);
        view?.said(sent, new TextEncoder().encode(sent).length);
      }
    });
    socket = opened;
    half.disabled = next.disabled = false;
    tools();
  };

  const remember = (/** @type {string} */ title, /** @type {string} */ summary, /** @type {Mode} */ by, /** @type {JsonObject} */ value, /** @type {HTMLElement} */ seen) => {
    const time = new Date().toLocaleTimeString();
    past.prepend(el("li", {}, button(`${time} ${title}: ${summary}`, () => {
      if (running) return;
      choose(by);
      show(value);
      latest.replaceChildren(seen);
    }, { class: "small" })));
    if (past.childElementCount > HISTORY_MAX) past.lastElementChild?.remove();
    pastPart.hidden = past.childElementCount < 2;
  };

  const tellProblems = (/** @type {number} */ count) => {
    problemCount.textContent = count === 0 ? "" : count === 1 ? "1 thing is missing or breaks a rule; it can be sent as it is." : `${count} things are missing or break a rule; it can be sent as it is.`;
  };

  // The samples follow.
  const shown = [...document.querySelectorAll("[data-sample]")].map((element) => ({
    code: element, template: page.samples[Number(element.getAttribute("data-sample"))],
  }));
  /** @param {"form" | "json" | "all"} from */
  const changed = (from) => {
    const value = message();
    if (from !== "json" && document.activeElement !== text) {
      text.value = JSON.stringify(value, null, 2);
      if (from === "form") complain([]);
    }
    tellProblems(fields.problems("count"));
    const messages = sends && queue.length > 0 ? queue : [value];
    const headers = heads.headers();
    const told = values(page, operation() ?? page.operations[0] ?? null, messages, origin(), headers);
    for (const { code, template } of shown) if (template) code.textContent = fill(template, told, headers, page);
  };

  const requestTabs = el(
    "div", { class: "request" },
    el("section", {}, el("h4", {}, "Form"), fields.element),
    el("section", {}, el("h4", {}, "JSON"), el("label", { for: text.id }, "The request as JSON"), text, complaint),
  );
  const asked = el(
    "form", { class: "try", novalidate: true, autocomplete: "off", "aria-label": "The call" },
    el("fieldset", { class: "modes" }, el("legend", {}, "Call by"), ...radios.map(({ label }) => label)),
    bindingLine,
    el("p", { class: "line", hidden: page.servers.length < 2 }, el("label", { for: server.id }, "Server "), server),
    requestTabs, heads.element,
    el("div", { class: "composer" }, queued),
    problemCount,
    el("p", { class: "actions" }, enqueue, send, next, half, cancel, link, linked),
  );
  asked.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!running) void begin();
    else if (!next.hidden && !next.disabled) next.click();
  });
  place.replaceChildren(asked, latest, pastPart);
  tabs(requestTabs, "Request");

  const saved = readLink();
  const lasts = saved?.messages.at(-1);
  if (saved && lasts) {
    queue = sends ? saved.messages.slice(0, -1) : [];
    drawQueue();
    if (bindings[saved.binding]) binding.value = String(saved.binding);
  }
  choose(modes.find((one) => one === saved?.mode) ?? modes[0]);
  show(lasts ?? page.example);
  if (saved) place.scrollIntoView();
  window.addEventListener("pagehide", () => {
    socket?.cancel();
    running?.abort();
  });
}

/** @param {Mode} mode @param {Call} call @param {Listener} listener @param {boolean} streams */
function make(mode, call, listener, streams) {
  switch (mode) {
    case "rest":
      return callRest(call, listener, streams ? "ndjson" : "json");
    case "sse":
    case "array":
      return callRest(call, listener, mode);
    case "grpc-web":
      return callGrpcWeb(call, listener);
    case "connect":
      return callConnect(call, listener);
    case "websocket":
      throw new Error("a conversation is opened, not made");
  }
}

const samples = document.getElementById("samples");
if (samples) tabs(samples, "Ways to call it");
const data = document.getElementById("try-data");
const place = document.getElementById("try-form");
if (data && place) start(place, JSON.parse(data.textContent ?? "null"));
