// Builds the web demo and drives every page of it in Chromium, from the gateway's own origin and from
// another one.
//
//   node run.mjs TRANSOM WORK [ONLY]
//
// TRANSOM is the gateway's binary, WORK a folder for what gets installed and built, ONLY a regular
// expression for the lines to run. Screenshots are in WORK/shots afterwards. Fails if a line says FAILED,
// or if none says ok.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

import { Browser, chromiumPath } from "./browser.mjs";
import { build, developing, install } from "./build.mjs";
import { demo } from "./demo.mjs";
import { CHECKS } from "./checks/all.mjs";
import { folder } from "./folder.mjs";
import { Wire } from "./wire.mjs";

/** Checks that run at a time: most of their time is spent waiting. */
const AT_A_TIME = 3;

const [transom, work] = process.argv.slice(2, 4).map((path) => resolve(path));
const only = new RegExp(process.argv[4] ?? "");
const counts = { ok: 0, FAILED: 0 };
const ends = [];

async function check({ title, act }, browser, places) {
  const visit = browser.visit();
  try {
    await act(visit, places);
    visit.assertClean();
    counts.ok += 1;
    console.log(`ok ${title}`);
  } catch (error) {
    counts.FAILED += 1;
    console.log(`FAILED ${title}: ${error.stack}`);
    for (const line of visit.troubles) console.log(`  ${line}`);
    await visit.shoot(join(work, "shots", `failed-${counts.FAILED}.png`));
  } finally {
    await visit.close();
  }
}

async function run() {
  const executable = chromiumPath();
  if (!executable) {
    console.log("skipped: chromium is not installed");
    process.exit(0);
  }
  install(work);
  const same = build(work, "dist", "");
  const gateway = await demo(transom, same);
  ends.push(() => gateway.stop());
  // The page of another origin calls through a wire that can be cut.
  const wire = await Wire.to(gateway.port);
  ends.push(() => wire.end());
  const foreign = await folder(build(work, "dist-foreign", `http://127.0.0.1:${wire.port}`));
  ends.push(() => foreign.close());
  const developer = await developing(work, `http://127.0.0.1:${wire.port}`);
  ends.push(() => developer.stop());

  const { chromium } = createRequire(join(work, "driver/package.json"))("playwright-core");
  const axe = createRequire(join(work, "driver/package.json")).resolve("axe-core/axe.min.js");
  writeFileSync(join(work, "long.bin"), Buffer.alloc(12 * 1024 * 1024));
  const browser = await Browser.start(chromium, executable, axe);
  ends.push(() => browser.close());
  const places = {
    own: `http://127.0.0.1:${gateway.port}/demo/`,
    // Another site than 127.0.0.1, so that every call is a cross-site one.
    foreign: `http://localhost:${foreign.address().port}/`,
    developer: developer.url,
    gateway, wire,
    shots: join(work, "shots"),
    // Given by its name, so that it need not be carried to the browser first.
    long: join(work, "long.bin"),
  };
  console.log(`Chromium ${browser.version}; the gateway at ${gateway.port}, another origin at ${places.foreign}`);
  const chosen = CHECKS.filter(({ title }) => only.test(title));
  const waiting = chosen.filter((one) => !one.isAlone);
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    for (let next; (next = waiting.shift()); ) await check(next, browser, places);
  }));
  for (const one of chosen.filter(({ isAlone }) => isAlone)) await check(one, browser, places);
}

try {
  await run();
} catch (error) {
  counts.FAILED += 1;
  console.log(`FAILED ${error.stack}`);
} finally {
  for (const end of ends.reverse()) await end();
}
console.log(`${counts.ok} passed, ${counts.FAILED} failed`);
process.exit(counts.FAILED > 0 || counts.ok === 0 ? 1 : 0);
