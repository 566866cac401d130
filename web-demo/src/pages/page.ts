// What a page is given, and when it has to stop.

import type { Dialect } from "../calls/dialects";

export interface Stage {
  /** Empty; the page fills it. */
  readonly root: HTMLElement;
  /** What its calls are made by. */
  readonly dialect: Dialect;
  /** Aborted when another page is shown: all calls and streams of this one end with it. */
  readonly signal: AbortSignal;
}

export interface Page {
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  /** True when what it calls depends on the picker of dialects. */
  readonly usesDialect: boolean;
  show(stage: Stage): void;
}
