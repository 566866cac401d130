// The Content-Security-Policy of the built page: scripts, styles and calls are named, and nothing else
// works. It goes into the page itself, because only the build knows which gateway the page calls.

/** The policy of a page that calls `gateway`, an origin; empty for the page's own. */
export function policy(gateway: string): string {
  const calls = gateway ? ` ${gateway} ${gateway.replace(/^http/, "ws")}` : "";
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' data: blob:${gateway && ` ${gateway}`}`,
    `connect-src 'self'${calls}`,
    "base-uri 'none'",
    "form-action 'none'",
    // Text never becomes markup: an assignment to innerHTML fails.
    "require-trusted-types-for 'script'",
  ].join("; ");
}
