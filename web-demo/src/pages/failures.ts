// Failing and late answers, on demand: what errors look like, and what a deadline does.

import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";

import { Code } from "../failure";
import { BookSchema } from "../gen/demo/library/v1/library_pb";
import { card, choice, el, labelled } from "../ui/dom";
import { Outcome } from "../ui/outcome";
import { deadline, slider } from "../ui/slider";
import { duration, protoDuration } from "../ui/words";
import type { Page, Stage } from "./page";

/** Milliseconds that the backend can be told to take. */
const DELAYS = [0, 50, 100, 250, 500, 1000, 2000, 5000, 30_000];

export const failures: Page = {
  id: "failures",
  title: "Errors and deadlines",
  lead: "The echo service fails as it is told and answers as late as it is told.",
  usesDialect: true,
  show,
};

function show(stage: Stage): void {
  stage.root.append(el("div", { class: "halves" }, failing(stage), late(stage)));
}

function failing({ dialect, signal }: Stage): HTMLElement {
  const codes = Object.values(Code).filter((code): code is Code => typeof code === "number" && code !== Code.OK);
  const code = choice(codes.map((code) => [String(code), Code[code] ?? ""]), String(Code.RESOURCE_EXHAUSTED));
  const message = el("input", { value: "all desks are taken", maxlength: 200 });
  const standard = el("input", { type: "checkbox", checked: true });
  const own = el("input", { type: "checkbox" });
  const outcome = new Outcome(dialect, "Nothing has failed yet.");
  // A detail can be any message that both sides know.
  const book = anyPack(BookSchema, create(BookSchema, { name: "shelves/fiction/books/1", title: "Emma", authors: ["Jane Austen"] }));
  const call = () =>
    outcome.show("EchoService/Fail",
      () => dialect.calls.echo.fail(
        { code: Number(code.value), message: message.value, standardDetails: standard.checked, details: own.checked ? [book] : [] },
        { signal, timeoutMs: 5000 },
      ),
      () => el("p", {}, "It went well, which was not asked for."),
      () => void call());
  return card("An error of your choice",
    el("form", { class: "stack", onsubmit: (event) => { event.preventDefault(); void call(); } },
      labelled("Code", code), labelled("Message", message),
      el("label", { class: "check" }, standard, "with one of each standard detail"),
      el("label", { class: "check" }, own, "with a message of this API: a Book"),
      el("div", {}, el("button", { class: "primary" }, "Fail"))),
    outcome.element);
}

function late({ dialect, signal }: Stage): HTMLElement {
  const delay = slider("The backend takes", DELAYS, 1000, duration);
  const limit = deadline(500);
  const outcome = new Outcome(dialect, "Move the sliders, and call.");
  const time = el("progress", { max: 1, value: 0, "aria-label": "time" });
  const button = el("button", { class: "primary" }, "Call");
  const cancel = el("button", { type: "button", disabled: true, onclick: () => running?.abort() }, "Cancel");
  let running: AbortController | undefined;

  const call = async () => {
    running = new AbortController();
    const begun = performance.now();
    const whole = Math.min(delay.value, limit.value) || 1;
    const tick = () => {
      time.value = Math.min(1, (performance.now() - begun) / whole);
      if (running && !signal.aborted) requestAnimationFrame(tick);
    };
    button.disabled = true;
    cancel.disabled = false;
    tick();
    await outcome.show("EchoService/Slow",
      () => dialect.calls.echo.slow(
        { delay: protoDuration(delay.value), id: 7n },
        { signal: AbortSignal.any([signal, running!.signal]), timeoutMs: limit.timeoutMs },
      ),
      (answer) => el("p", {}, "It answered in time: ", el("code", {}, answer.name)));
    running = undefined;
    button.disabled = false;
    cancel.disabled = true;
  };
  return card("A late answer",
    el("form", { class: "stack", onsubmit: (event) => { event.preventDefault(); void call(); } },
      delay.element, limit.element, time,
      el("div", { class: "buttons" }, button, cancel)),
    outcome.element,
    el("p", { class: "dim" }, "The deadline goes with the call. Gateway and backend stop working on it when it is over, and when the page leaves."));
}
