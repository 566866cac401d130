// Drives one Chromium over the documentation site of a demo, and over the status page of a gateway before it,
// and prints a line for each check.
//
//   node drive.mjs CHROMIUM TRANSOM WORK smoke|long [ONLY]
//
// Every request that leaves the gateway's own origin is stopped and fails the check in which it was made;
// so do violations of the content security policy, errors on the console that no check asked for, and
// cookies. Screenshots are left in WORK/screenshots. With ASSETS=src/docs/assets the site's files are those
// in that folder, so that a script can be changed without building the gateway; with DEBUG=1 lines have
// times.

import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

import { calls } from "./calls.mjs";
import { forms } from "./forms.mjs";
import { pages } from "./pages.mjs";
import { samples } from "./samples.mjs";
import { scalar } from "./scalar.mjs";
import { status } from "./status.mjs";

const [executablePath, transom, work, tier, only = ""] = process.argv.slice(2);
const wanted = new RegExp(only);
const counts = { ok: 0, FAILED: 0 };

/** Milliseconds that a page has for what a check waits for. */
const PATIENCE = 15_000;

const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 390, height: 844 } },
};

/** Starts a gateway, the demo unless something else is said, and learns where it listens. */
function demo(flags = ["demo", "--listen", "127.0.0.1:0"]) {
  const child = spawn(transom, [...flags, "--log", "json"], { stdio: ["ignore", "ignore", "pipe"] });
  const listening = new Promise((resolve, reject) => {
    child.on("exit", (code) => reject(new Error(`transom ${flags[0]} ended with ${code}`)));
    createInterface({ input: child.stderr }).on("line", (text) => {
      if (!text.startsWith("{")) return console.log(text);
      const line = JSON.parse(text);
      if (line.message === "listening") resolve(line);
    });
  });
  return { child, listening, address: listening.then((line) => line.address) };
}

/** A tab that notes whatever a page of this site must not do. */
async function open(browser, origin, look) {
  const context = await browser.newContext({ ...LOOKS[look], reducedMotion: "reduce", acceptDownloads: true });
  const wrongs = [];
  await context.route("**/*", (route) => {
    const url = new URL(route.request().url());
    const [, name, ending] = /^\/docs\/assets\/(\w+)(?:\.[0-9a-f]{16})?(\.\w+)$/.exec(url.pathname) ?? [];
    if (process.env.ASSETS && name) return route.fulfill({ path: join(process.env.ASSETS, name + ending) });
    if (url.origin === origin || url.protocol === "data:" || url.protocol === "blob:") return route.continue();
    wrongs.push(`a request to ${url.origin}`);
    return route.abort();
  });
  await context.exposeFunction("driver_violation", (text) => wrongs.push(text));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.driver_violation(`content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  const tab = await context.newPage();
  tab.setDefaultTimeout(PATIENCE);
  tab.on("pageerror", (error) => wrongs.push(`an error: ${error.message}`));
  tab.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    // A call that is answered by an error is one that a check asked for; a page or a script is not.
    if (/Failed to load resource/.test(message.text()) && !message.location().url.includes("/docs")) return;
    wrongs.push(`the console: ${message.text()}`);
  });
  return {
    context,
    tab,
    origin,
    look,
    async wrong() {
      for (const { name } of await context.cookies()) wrongs.push(`a cookie: ${name}`);
      return wrongs.splice(0);
    },
  };
}

async function run() {
  const { child, address } = demo();
  let browser;
  try {
    const origin = `http://${await address}`;
    browser = await chromium.launch({
      executablePath,
      headless: true,
      args: [
        "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      ],
    });
    console.log(`Chromium ${browser.version()}, the demo at ${origin}`);
    const screenshots = join(work, "screenshots");
    mkdirSync(screenshots, { recursive: true });
    for (const look of tier === "long" ? ["light", "dark", "phone"] : ["light"]) {
      const seen = await open(browser, origin, look);
      const check = async (name, body, accepted = /^$/) => {
        const title = `${look} ${name}`;
        if (!wanted.test(title)) return;
        const begun = Date.now();
        const problems = [];
        try {
          await body();
        } catch (error) {
          problems.push(error.message.split("\n").slice(0, 6).join(" | "));
        }
        problems.push(...(await seen.wrong()).filter((wrong) => !accepted.test(wrong)));
        counts[problems.length === 0 ? "ok" : "FAILED"] += 1;
        const time = process.env.DEBUG ? ` (${Date.now() - begun} ms)` : "";
        console.log(problems.length === 0 ? `ok ${title}${time}` : `FAILED ${title}: ${problems.join("; ")}`);
      };
      const shot = (name, tab = seen.tab) => tab.screenshot({ path: join(screenshots, `${name}-${look}.png`), fullPage: true });
      const suite = { ...seen, check, shot, tier };
      await pages(suite);
      await calls(suite);
      await forms(suite);
      await status({ ...suite, start: demo, open: (at) => open(browser, at, look), protos: process.env.PROTOS });
      if (look === "light") await samples(suite);
      if (look === "light" && process.env.SCALAR) await scalar({ ...suite, start: demo, open: (at) => open(browser, at, look) });
      await seen.context.close();
    }
  } finally {
    await browser?.close();
    child.removeAllListeners("exit");
    child.kill();
  }
}

try {
  await run();
} catch (error) {
  counts.FAILED += 1;
  console.log(`FAILED the browser: ${error.stack}`);
}
console.log(`${counts.ok} passed, ${counts.FAILED} failed`);
process.exit(counts.FAILED > 0 || counts.ok === 0 ? 1 : 0);
