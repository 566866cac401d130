// Sliders that say what they stand at, to eyes and to screen readers.

import { el, labelled } from "./dom";
import { duration } from "./words";

export interface Slider {
  readonly element: HTMLElement;
  readonly value: number;
}

/** A slider over `stops`; `words` says what one means. */
export function slider(
  label: string, stops: readonly number[], chosen: number, words: (stop: number) => string, changed = () => {},
): Slider {
  const value = () => stops[input.valueAsNumber] ?? chosen;
  const output = el("output", {});
  const input = el("input", {
    type: "range", min: 0, max: stops.length - 1, value: Math.max(0, stops.indexOf(chosen)),
    oninput: () => { show(); changed(); },
  });
  const show = () => {
    output.textContent = words(value());
    input.setAttribute("aria-valuetext", output.textContent);
  };
  show();
  return { element: labelled(label, input, output), get value() { return value(); } };
}

/** Milliseconds; infinite is no deadline. */
const DEADLINES = [50, 100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, Infinity];

/** What a call gets: `{ timeoutMs: deadline.timeoutMs }`. */
export interface Deadline extends Slider {
  /** Undefined where there is none. */
  readonly timeoutMs: number | undefined;
}

/** The deadline of calls. The gateway and the backend are told, and stop working when it is over. */
export function deadline(chosen: number, changed = () => {}): Deadline {
  const inner = slider("Deadline", DEADLINES, chosen, (stop) => (stop === Infinity ? "none" : duration(stop)), changed);
  return {
    element: inner.element,
    get value() { return inner.value; },
    get timeoutMs() { return inner.value === Infinity ? undefined : inner.value; },
  };
}
