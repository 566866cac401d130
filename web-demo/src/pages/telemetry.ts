// A server stream as a live picture: started, left, and taken up again when it is lost.

import { backoff, pause } from "../backoff";
import { Failure } from "../failure";
import { Quantity, type Sensor } from "../gen/demo/telemetry/v1/telemetry_pb";
import { Chart } from "../ui/chart";
import { card, choice, el, labelled } from "../ui/dom";
import { failureView } from "../ui/failure-view";
import { slider } from "../ui/slider";
import { duration, protoDuration } from "../ui/words";
import type { Page, Stage } from "./page";

/** Readings of one stream: the most that the backend gives. */
const COUNT = 10_000;
/** Milliseconds between readings. */
const INTERVALS = [20, 50, 100, 250, 500, 1000];

const UNITS: Record<Quantity, string> = {
  [Quantity.QUANTITY_UNSPECIFIED]: "",
  [Quantity.TEMPERATURE]: "°C",
  [Quantity.HUMIDITY]: "%",
  [Quantity.PRESSURE]: "hPa",
};

export const telemetry: Page = {
  id: "telemetry",
  title: "Telemetry",
  lead: "A server stream, drawn as it comes. Stop the demo in its terminal while it runs, and start it again: the stream comes back.",
  usesDialect: true,
  show,
};

function show({ root, dialect, signal }: Stage): void {
  const calls = dialect.calls;
  const sensors = choice([["lab-1", "lab-1"]], "lab-1");
  const interval = slider("A reading every", INTERVALS, 100, duration);
  const chart = new Chart("Readings over time");
  const value = el("strong", { class: "reading" }, "–");
  const facts = el("dl", { class: "facts" });
  const state = el("p", { class: "state", role: "status" }, "Not started.");
  const trouble = el("div", { "aria-live": "polite" });
  const start = el("button", { type: "button", class: "primary", onclick: () => void run() }, "Start");
  const stop = el("button", { type: "button", disabled: true, onclick: () => running?.abort() }, "Stop");
  const lose = el("button", { type: "button", disabled: true, onclick: () => attempt?.abort() }, "Lose the connection");
  /** Ends the picture; `attempt` ends one stream of it. */
  let running: AbortController | undefined;
  let attempt: AbortController | undefined;
  let known: Sensor[] = [];

  const unit = () => UNITS[known.find(({ name }) => name === sensors.value)?.quantity ?? 0];
  const tell = (now: string, words: string) => {
    state.dataset.state = now;
    state.textContent = words;
  };

  const run = async () => {
    running = new AbortController();
    const left = AbortSignal.any([signal, running.signal]);
    start.disabled = true;
    stop.disabled = lose.disabled = sensors.disabled = false;
    chart.clear();
    const seen = { count: 0, min: Infinity, max: -Infinity, streams: 0 };
    for (let tries = 0; !left.aborted; ) {
      attempt = new AbortController();
      tell("joining", "Connecting …");
      let failure = Failure.of(0, "the stream has ended");
      try {
        const readings = calls.telemetry.watch(
          { sensor: sensors.value, count: COUNT, interval: protoDuration(interval.value) },
          { signal: AbortSignal.any([left, attempt.signal]) },
        );
        for await (const reading of readings) {
          if (reading.sequence === 0n) {
            tries = 0; // it works again, so the next loss begins with a short wait
            seen.streams += 1;
            chart.gap();
            trouble.replaceChildren();
            tell("joined", `Live, every ${duration(interval.value)}.`);
          }
          seen.count += 1;
          seen.min = Math.min(seen.min, reading.value);
          seen.max = Math.max(seen.max, reading.value);
          chart.push(reading.value);
          value.textContent = `${reading.value.toFixed(2)} ${unit()}`;
          facts.replaceChildren(
            ...[["readings", seen.count], ["least", seen.min.toFixed(2)], ["greatest", seen.max.toFixed(2)], ["streams", seen.streams]]
              .map(([name, fact]) => el("div", {}, el("dt", {}, String(name)), el("dd", {}, String(fact)))),
          );
        }
      } catch (error) {
        failure = calls.failure(error);
      }
      if (left.aborted) break;
      tries += 1;
      const wait = backoff(tries);
      tell("lost", `Lost. Try ${tries} is in ${duration(wait)}.`);
      if (failure.code !== 0 && !failure.isCancelled) trouble.replaceChildren(failureView(failure));
      await pause(wait, left);
    }
    tell("left", `Stopped. The backend was told, and has ended the stream too.`);
    trouble.replaceChildren();
    start.disabled = false;
    stop.disabled = lose.disabled = true;
  };

  root.append(el("div", { class: "columns narrow" },
    card("Live", state, value, chart.element, facts, trouble),
    card("What to watch", labelled("Sensor", sensors), interval.element,
      el("div", { class: "buttons" }, start, stop, lose),
      el("p", { class: "dim" }, "A new choice counts from the next start or connection. Waits double from half a second to twenty, with a random part, and end early when the browser finds its network again."))));

  calls.telemetry.listSensors({}, { signal, timeoutMs: 5000 }).then(
    (answer) => {
      known = answer.sensors;
      sensors.replaceChildren(...known.map(({ name, quantity }) => el("option", { value: name }, `${name}: ${Quantity[quantity]?.toLowerCase()}`)));
    },
    (error: unknown) => signal.aborted || trouble.replaceChildren(failureView(calls.failure(error))),
  );
}
