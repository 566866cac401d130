// Every kind of page: that it opens, can be read by everybody, and weighs little.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Bytes that a first load may take, as they are sent. */
const LOAD_MAX = 300_000;

/** A page of each kind. */
const KINDS = {
  home: "",
  package: "/demo.library.v1",
  service: "/demo.library.v1/LibraryService",
  method: "/demo.library.v1/LibraryService/CreateBook",
  stream: "/demo.telemetry.v1/TelemetryService/Watch",
  message: "/demo.library.v1/messages/Book",
  enum: "/demo.library.v1/enums/Genre",
  errors: "/errors",
  authentication: "/authentication",
  changes: "/changes",
  coverage: "/coverage",
  search: "/search?q=book",
  test: "/test?verb=GET&url=/v1/shelves/fiction",
  downloads: "/downloads",
};

export async function pages({ tab, origin, look, check, shot, tier }) {
  for (const [kind, path] of Object.entries(KINDS)) {
    await check(`${kind} page`, async () => {
      await open(tab, origin, path);
      await shot(kind);
      await accessible(tab);
    });
  }
  await check("a method's page with everything opened is accessible", async () => {
    await open(tab, origin, "/demo.library.v1/LibraryService/CreateBook");
    await tab.getByLabel("ebook", { exact: false }).first().check();
    for (const name of ["Add to authors", "Add to labels", "Add to stock", "Add price"]) {
      await tab.getByRole("button", { name, exact: true }).click();
    }
    await tab.getByLabel("pages").first().fill("many");
    await tab.getByText("Headers and deadline").click();
    await tab.getByRole("button", { name: "Add a header" }).click();
    await tab.getByRole("button", { name: "Send", exact: true }).click();
    await tab.locator(".latest .summary.failed, .latest .summary.ok").waitFor();
    await shot("method-filled");
    await accessible(tab);
  });
  if (look !== "light") return;
  await check("a method's page takes less than 300 KB the first time", async () => {
    const session = await tab.context().newCDPSession(tab);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    let bytes = 0;
    session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    await open(tab, origin, "/demo.library.v1/LibraryService/CreateBook");
    await session.detach();
    if (process.env.DEBUG) console.log(`  # ${bytes} bytes`);
    if (bytes === 0 || bytes > LOAD_MAX) throw new Error(`${bytes} bytes`);
  });
  await check("without a script the samples can be read", async () => {
    const context = await tab.context().browser().newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(`${origin}/docs/demo.library.v1/LibraryService/GetBook`);
    for (const label of ["curl", "grpcurl", "tonic"]) await plain.getByRole("heading", { name: label, exact: true }).waitFor();
    await plain.getByText("curl http://").first().waitFor();
    await context.close();
  });
  await check("the feed of changes is XML that a page names", async () => {
    await open(tab, origin, "/changes");
    const root = await tab.evaluate(async () => {
      const link = document.querySelector('link[type="application/atom+xml"]');
      const text = await (await fetch(link.href)).text();
      return new DOMParser().parseFromString(text, "application/xml").documentElement.nodeName;
    });
    if (root !== "feed") throw new Error(`its root is ${root}`);
  });
  await check("Swagger UI opens beside it", async () => {
    await tab.goto(`${origin}/docs/swagger`);
    await tab.locator(".swagger-ui .opblock").first().waitFor();
    // Its logo brings a style of its own along, which gives two colours and is refused.
  }, /inline style|style-src-elem inline/);
  if (tier !== "long") return;
  await check("every method's page opens, and builds its form", async () => {
    await open(tab, origin, "");
    const index = await tab.evaluate(async () => (await fetch("/docs/llms.txt")).text());
    const links = new Set(index.match(/\/docs\/[\w.]+\/\w+\/\w+(?=\.md)/g));
    if (links.size < 20) throw new Error(`only ${links.size} methods are listed`);
    for (const link of links) {
      if (/\/(messages|enums)\//.test(link)) continue;
      await tab.goto(origin + link);
      await tab.locator("#try-form form").waitFor();
    }
  });
}

export async function open(tab, origin, path) {
  const answer = await tab.goto(`${origin}/docs${path}`);
  if (answer.status() !== 200) throw new Error(`${path || "/"}: ${answer.status()}`);
  if (await tab.locator("#try-form").count()) await tab.locator("#try-form form").waitFor();
}

async function accessible(tab) {
  // By the debugger, which the content security policy does not bind.
  await tab.evaluate(AXE);
  const { violations } = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  if (violations.length === 0) return;
  const told = violations.map(({ id, nodes }) => `${id} at ${nodes.slice(0, 3).map(({ target }) => target.join(" ")).join(", ")}`);
  throw new Error(told.join("; "));
}
