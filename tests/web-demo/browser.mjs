// One Chromium without a way to the outside, and what a check has of it: tabs that are watched. Whatever
// a tab asks for outside of this machine, whatever its policy forbids, and every error on its console
// fails the check.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Milliseconds that anything on a page may take. */
const PATIENCE = 30_000;
/** What the browser itself says when a call fails; an error that a check asks for is none of the page's. */
const NETWORK = /^(Failed to load resource|WebSocket connection to)/;

/** The system's Chromium, or undefined. */
export function chromiumPath() {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    } catch {
      // the next one
    }
  }
  return undefined;
}

export class Browser {
  static async start(chromium, executablePath, axe) {
    const browser = new Browser();
    browser.axe = readFileSync(axe, "utf8");
    browser.inner = await chromium.launch({
      executablePath,
      headless: true,
      args: [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        // No name but these two leads anywhere.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
      ],
    });
    browser.version = browser.inner.version();
    return browser;
  }

  visit() {
    return new Visit(this);
  }

  close() {
    return this.inner.close();
  }
}

/** What one check does. */
class Visit {
  troubles = [];
  #browser;
  #contexts = [];
  #expectsFailures = false;

  constructor(browser) {
    this.#browser = browser;
  }

  /** From here on calls fail because the check wants them to. */
  expectFailures() {
    this.#expectsFailures = true;
  }

  /** A tab of a browser of its own: no connection and no cache is shared. */
  async open(url, look = {}) {
    const context = await this.#browser.inner.newContext({ viewport: { width: 1280, height: 900 }, ...look });
    context.setDefaultTimeout(PATIENCE);
    this.#contexts.push(context);
    const tab = await context.newPage();
    const here = new URL(url);
    tab.on("console", (message) => {
      const text = message.text();
      if (!["error", "warning"].includes(message.type())) return;
      if (this.#expectsFailures && NETWORK.test(text)) return;
      this.troubles.push(`console ${message.type()}: ${text}`);
    });
    tab.on("pageerror", (error) => this.troubles.push(`uncaught: ${error.message}`));
    tab.on("crash", () => this.troubles.push("the tab crashed"));
    const ask = (asked) => {
      const { hostname, protocol } = new URL(asked);
      const isHere = ["127.0.0.1", "localhost"].includes(hostname) || ["data:", "blob:"].includes(protocol);
      if (!isHere) this.troubles.push(`asked for ${asked}, which is outside`);
    };
    tab.on("request", (request) => ask(request.url()));
    tab.on("websocket", (socket) => ask(socket.url()));
    await tab.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) =>
        console.error(`policy: ${event.violatedDirective} forbids ${event.blockedURI}`));
    });
    await tab.goto(here.href);
    return tab;
  }

  /** What axe-core finds at a tab, a line each. */
  async inaccessible(tab) {
    await tab.evaluate(this.#browser.axe);
    const { violations } = await tab.evaluate(() =>
      window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
  }

  assertClean() {
    if (this.troubles.length > 0) throw new Error("the page is in trouble");
  }

  /** How the last tab looks, for whoever has to find out. */
  async shoot(path) {
    const tab = this.#contexts.at(-1)?.pages()[0];
    await tab?.screenshot({ path, fullPage: true }).catch(() => {});
  }

  async close() {
    for (const context of this.#contexts) await context.close();
  }
}
