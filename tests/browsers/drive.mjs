// Drives one Chromium: starts the gateways, serves the page from an origin of its own, and prints what
// the page reports.
//
//   node drive.mjs CHROMIUM TRANSOM WORK INTEROP_PORT [ONLY]
//
// WORK is what run.py has made: the page, a certificate, a configuration's place. INTEROP_PORT is where
// the interop backend listens; ONLY a regular expression for the lines to run. Fails if a line says
// FAILED, or if none says ok.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as listenAnywhere } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const [executablePath, transom, work, interopPort, only = ""] = process.argv.slice(2);
const PROTOS = fileURLToPath(new URL("interop/proto", import.meta.url));

/**
 * Milliseconds that a line of the access log is waited for. Over HTTP/1.1 Chromium reads on for up to
 * five seconds after a page has left an answer, in the hope to use the connection again, unless it was
 * just waiting for bytes; only then does the gateway see that nobody is there.
 */
const LOG_LIMIT = 8000;

const started = [];
const counts = { ok: 0, FAILED: 0, skipped: 0 };

/** Starts a gateway; its JSON log is read for where it listens and for its access log. */
async function gateway(...command) {
  const child = spawn(transom, [...command, "--listen", "127.0.0.1:0", "--log", "json"], { stdio: ["ignore", "inherit", "pipe"] });
  started.push(child);
  const log = [];
  let heard = () => {};
  const address = await new Promise((resolve, reject) => {
    child.on("exit", (code) => reject(new Error(`transom ${command.join(" ")} ended with ${code}`)));
    createInterface({ input: child.stderr }).on("line", (text) => {
      if (!text.startsWith("{")) return console.log(text); // a flag that is not understood
      const line = JSON.parse(text);
      if (line.message === "listening") resolve(line.address);
      if (!line.request_id) return;
      log.push(line);
      heard();
    });
  });
  /** The first line behind `after` others with these values, or null when none comes. */
  const logged = async (fields, after) => {
    const fits = (line) => Object.entries(fields).every(([name, value]) => line[name] === value);
    const until = Date.now() + LOG_LIMIT;
    for (;;) {
      const line = log.slice(after).find(fits);
      if (line || Date.now() >= until) return line ?? null;
      await Promise.race([
        new Promise((resolve) => (heard = resolve)),
        new Promise((resolve) => setTimeout(resolve, until - Date.now())),
      ]);
    }
  };
  return { address, log, logged };
}

/** A port that nobody listens on. */
async function freePort() {
  const server = listenAnywhere().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A gateway with TLS before the demo's backend. */
function secure(backendPort, origin) {
  const file = join(work, "secure.yaml");
  writeFileSync(file, `
tls: {certificate: ${join(work, "certificate.pem")}, key: ${join(work, "key.pem")}}
upstreams: {demo: {url: "http://127.0.0.1:${backendPort}"}}
cors: {origins: ["${origin}"], credentials: true}
`);
  return gateway("serve", "--config", file);
}

/** Serves the built page on every name of this machine; each name is another origin. */
async function pages() {
  const script = readFileSync(join(work, "page/main.js"));
  const server = createServer((request, response) => {
    const isScript = request.url === "/main.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
    response.end(isScript ? script : '<!doctype html><title>Transom</title><script type="module" src="/main.js"></script>');
  });
  server.listen(0);
  await once(server, "listening");
  return server;
}

/** Opens the page, gives it what it calls, and waits until it is done. */
async function visit(browser, title, address, { log, logged }) {
  const tab = await browser.newPage();
  if (process.env.DEBUG) tab.on("console", (message) => console.log(`  # ${message.text()}`));
  let begun = Date.now();
  await tab.exposeFunction("driver_report", (line) => {
    const [outcome, ...rest] = line.split(" ");
    counts[outcome] += 1;
    console.log(`${outcome} ${title}${rest.join(" ")}${process.env.DEBUG ? ` (${Date.now() - begun} ms)` : ""}`);
    begun = Date.now();
  });
  await tab.exposeFunction("driver_logged", logged);
  await tab.exposeFunction("driver_logLength", () => log.length);
  const finished = new Promise((resolve, reject) => {
    tab.exposeFunction("driver_done", resolve);
    tab.on("pageerror", reject);
    tab.on("crash", () => reject(new Error("the page crashed")));
  });
  await tab.goto(address);
  await finished;
  await tab.close();
}

async function run() {
  const served = await pages();
  const { port } = served.address();
  // Another site than 127.0.0.1, so that every call is a cross-site one.
  const origin = `http://localhost:${port}`;
  const backendPort = await freePort();
  const demo = await gateway("demo", "--backend-listen", `127.0.0.1:${backendPort}`);
  const behind = ["serve", "--proto", PROTOS, "--cors-origin", origin, "--upstream"];
  const listing = await gateway(...behind, `http://127.0.0.1:${interopPort}`);
  const orphan = await gateway(...behind, `http://127.0.0.1:${await freePort()}`);
  const tls = await secure(backendPort, origin);

  const profile = mkdtempSync(join(tmpdir(), "transom-browser-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    ignoreHTTPSErrors: true,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
  const page = (host, parameters) => `http://${host}:${port}/?${new URLSearchParams({ ...parameters, only })}`;
  try {
    console.log(`Chromium ${browser.browser().version()}; the page is at ${origin}, the demo at ${demo.address}`);
    // All at once: most of the time is spent on deadlines and on calls that are left.
    await Promise.all([
      visit(browser, "", page("localhost", { demo: `http://${demo.address}` }), demo),
      visit(browser, "HTTP/2 ", page("localhost", { demo: `https://${tls.address}` }), tls),
      visit(browser, "", page("localhost", { listing: `http://${listing.address}` }), listing),
      visit(browser, "", page("127.0.0.1", { refusing: `http://${listing.address}` }), listing),
      visit(browser, "", page("localhost", { orphan: `http://${orphan.address}` }), orphan),
    ]);
  } finally {
    await browser.close();
    served.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

try {
  await run();
} catch (error) {
  counts.FAILED += 1;
  console.log(`FAILED the browser: ${error.stack}`);
} finally {
  for (const child of started) {
    child.removeAllListeners("exit");
    child.kill();
  }
}
console.log(`${counts.ok} passed, ${counts.FAILED} failed, ${counts.skipped} skipped`);
process.exit(counts.FAILED > 0 || counts.ok === 0 ? 1 : 0);
