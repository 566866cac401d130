// A running `transom demo`; its JSON log is read for where it listens and for its access log.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Milliseconds that a line of the access log is waited for. */
const LOG_LIMIT = 10_000;

export async function demo(transom, web) {
  const child = spawn(transom, ["demo", "--listen", "127.0.0.1:0", "--log", "json", "--web-demo", web], { stdio: ["ignore", "inherit", "pipe"] });
  const log = [];
  let heard = () => {};
  const address = await new Promise((resolve, reject) => {
    child.on("exit", (code) => reject(new Error(`transom demo ended with ${code}`)));
    createInterface({ input: child.stderr }).on("line", (text) => {
      if (!text.startsWith("{")) return console.log(text); // a flag that is not understood
      const line = JSON.parse(text);
      if (line.message === "listening") resolve(line.address);
      if (!line.request_id) return;
      log.push(line);
      heard();
    });
  });
  return {
    port: Number(address.slice(address.lastIndexOf(":") + 1)),
    /** Waits for a line with these values. */
    async logged(fields) {
      const fits = (line) => Object.entries(fields).every(([name, value]) => line[name] === value);
      const until = Date.now() + LOG_LIMIT;
      while (!log.some(fits)) {
        if (Date.now() >= until) throw new Error(`the access log has no line with ${JSON.stringify(fields)}`);
        await Promise.race([
          new Promise((resolve) => (heard = resolve)),
          new Promise((resolve) => setTimeout(resolve, until - Date.now())),
        ]);
      }
    },
    stop() {
      child.removeAllListeners("exit");
      child.kill();
    },
  };
}
