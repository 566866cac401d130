// A stream as a picture: it grows, it is lost and comes back, it is left, and the backend learns of it.

import assert from "node:assert/strict";

import { open, slide, until } from "./steps.mjs";

const WATCH = "/demo.telemetry.v1.TelemetryService/Watch";

export const telemetry = (variants) => [
  ...variants.map((variant) => ({
    title: `${variant.place} ${variant.dialect}: readings come, are lost, come again, and are left`,
    act: (visit, places) => watch(visit, places, variant),
  })),
  { title: "foreign connect: a gateway that is gone for a while is waited for", isAlone: true, act: away },
];

async function watch(visit, places, variant) {
  const tab = await open(visit, places, variant, "telemetry");
  await tab.getByLabel("Sensor").selectOption("lab-2: humidity");
  await slide(tab, "A reading every", "20 ms");
  await tab.getByRole("button", { name: "Start" }).click();
  await until(tab, "readings come", async () => (await fact(tab, "readings")) > 10);
  assert.match(await tab.locator(".reading").textContent(), /^\d+\.\d\d %$/);
  assert.match(await tab.locator(".chart-line").getAttribute("d"), /^M[\d.]+ [\d.]+(L[\d.]+ [\d.]+){5,}/);
  await tab.getByRole("button", { name: "Lose the connection" }).click();
  await until(tab, "a second stream", async () => (await fact(tab, "streams")) === 2);
  await tab.getByRole("button", { name: "Stop" }).click();
  await tab.getByRole("status").filter({ hasText: "Stopped." }).waitFor();
  const stopped = await fact(tab, "readings");
  await places.gateway.logged({ grpc_method: "Watch", grpc_status: "CANCELLED" });
  assert.equal(await fact(tab, "readings"), stopped);
}

async function away(visit, places) {
  const tab = await open(visit, places, { place: "foreign", dialect: "connect" }, "telemetry");
  await slide(tab, "A reading every", "20 ms");
  await tab.getByRole("button", { name: "Start" }).click();
  await until(tab, "readings come", async () => (await fact(tab, "readings")) > 5);
  visit.expectFailures();
  places.wire.cut();
  const state = (words) => tab.getByRole("status").filter({ hasText: words }).waitFor();
  await state("Lost. Try 1 is in");
  await state("Lost. Try 2 is in");
  await tab.getByRole("group", { name: "Failed: UNAVAILABLE" }).or(tab.getByRole("group", { name: "Failed: UNKNOWN" })).waitFor();
  places.wire.mend();
  await until(tab, "a second stream", async () => (await fact(tab, "streams")) === 2);
  await state("Live, every 20 ms.");
}

/** A number under the picture; 0 while it is not there. */
async function fact(tab, name) {
  const found = tab.locator(".facts div", { has: tab.getByText(name, { exact: true }) }).locator("dd");
  return (await found.count()) === 0 ? 0 : Number(await found.textContent());
}
