// Turns a library's events into something that `for await` reads.

/** Values in the order in which they came, then an end or an error. For one reader. */
export class Queue<T> implements AsyncIterable<T> {
  private readonly waiting: T[] = [];
  private ended: { error?: unknown } | undefined;
  private wake = () => {};

  /** `leave` is called when the reader goes before the end. */
  constructor(private readonly leave: () => void) {}

  push(value: T): void {
    if (this.ended) return;
    this.waiting.push(value);
    this.wake();
  }

  end(): void {
    this.ended ??= {};
    this.wake();
  }

  fail(error: unknown): void {
    this.ended ??= { error };
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const value = this.waiting.shift();
        if (value !== undefined) yield value;
        else if (this.ended) break;
        else await new Promise<void>((resolve) => (this.wake = resolve));
      }
      if (this.ended && "error" in this.ended) throw this.ended.error;
    } finally {
      if (!this.ended) this.leave();
    }
  }
}
