// A bar for a transfer, with how much, how fast, and a button to leave it.

import type { Progress } from "../calls/transfer";
import { el } from "./dom";
import { bytes, duration } from "./words";

export class ProgressBar {
  private readonly bar = el("progress", { max: 1 });
  private readonly text = el("span", {});
  private readonly leave = el("button", { type: "button", class: "quiet" }, "Cancel");
  private readonly begun = performance.now();
  private done = 0;
  readonly element: HTMLElement;

  constructor(label: string, onCancel: () => void) {
    this.bar.setAttribute("aria-label", label);
    this.leave.addEventListener("click", onCancel);
    this.element = el("div", { class: "transfer" },
      el("div", { class: "spread" }, el("strong", {}, label), this.leave), this.bar, this.text);
  }

  show({ done, total }: Progress): void {
    this.done = done;
    if (total === undefined) this.bar.removeAttribute("value");
    else this.bar.value = total === 0 ? 1 : done / total;
    const rate = done / Math.max(0.001, (performance.now() - this.begun) / 1000);
    const share = total === undefined ? bytes(done) : `${bytes(done)} of ${bytes(total)}`;
    this.text.textContent = `${share} · ${bytes(rate)}/s`;
  }

  /** It was not carried to its end. */
  fail(words: string): void {
    this.element.classList.add("failed");
    this.end(words);
  }

  /** Nothing more comes. `words` stay beside the bar. */
  end(words: string): void {
    this.leave.remove();
    this.text.textContent = `${words} · ${bytes(this.done)} in ${duration(performance.now() - this.begun)}`;
  }
}
