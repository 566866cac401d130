// How long to wait before the next try: longer each time, and never the same for everybody, since a
// thousand pages that lost one server would otherwise all come back at the same moment.

/** Milliseconds before the first try again. */
const FIRST = 500;
/** Longest wait. */
const LONGEST = 20_000;

/**
 * Milliseconds before try `attempt`, counted from 1: a random part, at least half, of a time that
 * doubles. `random` is from 0 to 1.
 */
export function backoff(attempt: number, random: number = Math.random()): number {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** (attempt - 1));
  return ceiling * (0.5 + random / 2);
}

/** Waits, or until the signal says that nobody waits any more, or the network is back. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    addEventListener("online", done);
    if (signal.aborted) done();
  });
}
