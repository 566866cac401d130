// A wire to the gateway that can be cut, and that can refuse WebSockets as some proxies do.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Wire {
  #server;
  #open = new Set();
  #isCut = false;
  #takesSockets = true;

  static async to(port) {
    const wire = new Wire();
    wire.#server = createServer((near) => wire.#join(near, port));
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    wire.port = wire.#server.address().port;
    return wire;
  }

  #join(near, port) {
    if (this.#isCut) return near.destroy();
    const far = connect(port, "127.0.0.1");
    this.#open.add(near);
    const end = () => {
      near.destroy();
      far.destroy();
      this.#open.delete(near);
    };
    for (const socket of [near, far]) socket.on("error", end).on("close", end).setNoDelay(true);
    near.once("data", (first) => {
      if (!this.#takesSockets && /\r\nupgrade: *websocket/i.test(first.toString("latin1"))) return end();
      far.write(first);
      near.pipe(far);
    });
    far.pipe(near);
  }

  /** Ends all connections, and takes no new ones until it is mended. */
  cut() {
    this.#isCut = true;
    for (const socket of this.#open) socket.destroy();
  }

  mend() {
    this.#isCut = false;
  }

  takeSockets(doesIt) {
    this.#takesSockets = doesIt;
  }

  end() {
    this.cut();
    this.#server.close();
  }
}
