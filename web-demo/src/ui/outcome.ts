// Runs a call of one answer and shows how it went: who made it, how long it took, what came.

import type { Dialect } from "../calls/dialects";
import { el } from "./dom";
import { failureView } from "./failure-view";
import { duration } from "./words";

export class Outcome {
  readonly element = el("div", { class: "outcome", "aria-live": "polite" });

  constructor(private readonly dialect: Dialect, idle: string) {
    this.element.append(el("p", { class: "dim" }, idle));
  }

  /** Makes the call, and shows `content` of its answer, or its failure. Gives the answer, if there is one. */
  async show<T>(method: string, call: () => Promise<T>, content: (answer: T) => HTMLElement, again?: () => void): Promise<T | undefined> {
    this.element.setAttribute("aria-busy", "true");
    const begun = performance.now();
    const line = () => el("p", { class: "call-line" },
      el("code", {}, method), el("span", { class: "dim" }, `${this.dialect.label} · ${duration(performance.now() - begun)}`));
    try {
      const answer = await call();
      this.element.replaceChildren(line(), content(answer));
      return answer;
    } catch (error) {
      this.element.replaceChildren(line(), failureView(this.dialect.calls.failure(error), again));
      return undefined;
    } finally {
      this.element.removeAttribute("aria-busy");
    }
  }
}
