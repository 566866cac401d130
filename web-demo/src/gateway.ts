// Where the gateway is.

/** Its origin: VITE_TRANSOM of the build, or where the page itself comes from. */
export const GATEWAY: string = import.meta.env.VITE_TRANSOM || location.origin;

/** The URL of a path of REST. Parts that come from people go through encodeURIComponent first. */
export function url(path: string): string {
  return GATEWAY + path;
}

/** The same for a WebSocket: http becomes ws, https wss. */
export function socketUrl(path: string): string {
  return url(path).replace(/^http/, "ws");
}
