// A failure on the page: its code, its message, and each detail in the way that suits its type.

import { isMessage, type Message, toJson } from "@bufbuild/protobuf";

import type { Detail, Failure } from "../failure";
import {
  BadRequestSchema, DebugInfoSchema, ErrorInfoSchema, HelpSchema, LocalizedMessageSchema, PreconditionFailureSchema,
  QuotaFailureSchema, RequestInfoSchema, ResourceInfoSchema, RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb";
import { StatusSchema } from "../gen/google/rpc/status_pb";
import { TYPES } from "../types";
import { el } from "./dom";
import { duration, milliseconds } from "./words";

/** `again` is offered as a button; after the time that a RetryInfo names, where there is one. */
export function failureView(failure: Failure, again?: () => void): HTMLElement {
  const details = failure.details.map(detailView);
  return el("div", { class: failure.isCancelled ? "failure left" : "failure", role: "group", "aria-label": `Failed: ${failure.codeName}` },
    el("p", { class: "failure-head" }, el("code", { class: "code" }, failure.codeName), el("span", { class: "dim" }, `code ${failure.code}`)),
    el("p", { class: "failure-message" }, failure.message),
    ...details,
    again && retryButton(failure, again),
    details.length > 0 && el("details", {}, el("summary", {}, "The whole status as JSON"), el("pre", { tabindex: 0 }, whole(failure))),
  );
}

function detailView({ any, message }: Detail): HTMLElement {
  const type = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
  const body = message ? content(message) : el("p", {}, `${any.value.length} bytes of a type that this page does not know`);
  return el("section", { class: "detail" }, el("h3", { title: type }, type.slice(type.lastIndexOf(".") + 1)), body);
}

function content(message: Message): HTMLElement {
  if (isMessage(message, BadRequestSchema)) return pairs(message.fieldViolations.map((at) => [at.field, at.description]));
  if (isMessage(message, PreconditionFailureSchema)) return pairs(message.violations.map((at) => [at.type, `${at.subject}: ${at.description}`]));
  if (isMessage(message, QuotaFailureSchema)) return pairs(message.violations.map((at) => [at.subject, at.description]));
  if (isMessage(message, ResourceInfoSchema)) {
    return pairs([["type", message.resourceType], ["name", message.resourceName], ["owner", message.owner], ["why", message.description]]);
  }
  if (isMessage(message, ErrorInfoSchema)) return pairs([["reason", message.reason], ["domain", message.domain], ...Object.entries(message.metadata)]);
  if (isMessage(message, RequestInfoSchema)) return pairs([["request", message.requestId], ["data", message.servingData]]);
  if (isMessage(message, RetryInfoSchema)) return el("p", {}, `It is worth trying again in ${duration(message.retryDelay ? milliseconds(message.retryDelay) : 0)}.`);
  if (isMessage(message, LocalizedMessageSchema)) return el("p", { lang: message.locale }, message.message);
  if (isMessage(message, HelpSchema)) return el("ul", {}, ...message.links.map((link) => el("li", {}, help(link.url, link.description))));
  if (isMessage(message, DebugInfoSchema)) {
    return el("details", {}, el("summary", {}, message.detail || "stack"), el("pre", { tabindex: 0 }, message.stackEntries.join("\n")));
  }
  // A message of our own API.
  const schema = TYPES.getMessage(message.$typeName);
  return el("pre", { tabindex: 0 }, schema ? JSON.stringify(toJson(schema, message, { registry: TYPES }), null, 2) : message.$typeName);
}

/** Words and what they mean, without those that mean nothing. */
function pairs(rows: [string, string][]): HTMLElement {
  const told = rows.filter(([, value]) => value !== "");
  return el("dl", {}, ...told.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** A link, if the URL is one of the web: a backend may say anything. */
function help(url: string, words: string): HTMLElement {
  if (!/^https?:/.test(url)) return el("span", {}, `${words} (${url})`);
  return el("a", { href: url, target: "_blank", rel: "noreferrer" }, words || url);
}

function retryButton(failure: Failure, again: () => void): HTMLElement {
  const button = el("button", { type: "button", onclick: again }, "Try again");
  const info = failure.details.map((found) => found.message).find((found) => found && isMessage(found, RetryInfoSchema));
  const delay = info && isMessage(info, RetryInfoSchema) && info.retryDelay ? milliseconds(info.retryDelay) : 0;
  const until = Date.now() + delay;
  const count = () => {
    const left = until - Date.now();
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${Math.ceil(left / 1000)} s` : "Try again";
    if (left > 0) setTimeout(() => button.isConnected && count(), 250);
  };
  // Counted from the moment when it is on the page.
  queueMicrotask(count);
  return button;
}

function whole(failure: Failure): string {
  try {
    return JSON.stringify(toJson(StatusSchema, failure.status, { registry: TYPES }), null, 2);
  } catch {
    return "it has a detail of a type that this page does not know";
  }
}
