// Files up and down: kept, refused, counted, saved, broken off, and left on the way.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { details, failure, open, slide, until } from "./steps.mjs";

const MIB = 1024 * 1024;

export const files = (variants) => [
  ...variants.filter(({ dialect }) => dialect === "connect").map((variant) => ({
    title: `${variant.place}: a file is kept and had back, a cover refused, a download broken off`,
    act: (visit, places) => carry(visit, places, variant),
  })),
  { title: "foreign: bars grow on a slow line, and transfers are left on the way", act: slow },
];

async function carry(visit, places, variant) {
  const tab = await open(visit, places, variant, "files");
  const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  await choose(tab, `${variant.place} käse.bin`, content);
  await tab.getByText(/^Kept in \d+ messages/).waitFor();
  const saved = tab.waitForEvent("download");
  await tab.locator(".kept").getByRole("button", { name: "Download" }).click();
  assert.equal((await saved).suggestedFilename(), `${variant.place} käse.bin`);
  assert.ok(content.equals(readFileSync(await (await saved).path())), "it is the same file");
  await tab.getByText(/^Saved · 293 KiB/).waitFor();

  visit.expectFailures();
  const what = tab.getByLabel("What becomes of it");
  await what.selectOption("cover");
  await choose(tab, "huge.png", Buffer.alloc(MIB + 1));
  assert.deepEqual(await details(await failure(tab, "INVALID_ARGUMENT")), ["BadRequest"]);
  await what.selectOption("count");
  await tab.locator("input[type=file]").setInputFiles(places.long);
  await tab.getByText(/^Counted in \d+ messages · 12.0 MiB/).waitFor();

  await slide(tab, "How much", "10.0 MiB");
  const down = tab.locator("section", { has: tab.getByRole("heading", { name: "Down" }) });
  await down.getByRole("button", { name: "Download" }).click();
  await down.getByText("Received 10.0 MiB").waitFor();
  await tab.getByLabel("the backend fails at the end").check();
  await down.getByRole("button", { name: "Download" }).click();
  await failure(down, "UNAVAILABLE");
}

async function slow(visit, places) {
  visit.expectFailures();
  const tab = await open(visit, places, { place: "foreign", dialect: "connect" }, "files");
  const line = await tab.context().newCDPSession(tab);
  await line.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: 4 * MIB, uploadThroughput: MIB });
  await tab.getByLabel("What becomes of it").selectOption("count");
  const bar = tab.getByRole("progressbar");
  const isGrowing = async () => {
    const value = await bar.evaluate((at) => at.value);
    return value > 0.02 && value < 1;
  };
  await tab.locator("input[type=file]").setInputFiles(places.long);
  await until(tab, "the upload grows", isGrowing);
  await tab.getByRole("button", { name: "Cancel" }).click();
  await failure(tab, "CANCELLED");
  await places.gateway.logged({ grpc_method: "Upload", grpc_status: "CANCELLED" });

  await tab.reload();
  await slide(tab, "How much", "250 MiB");
  await tab.getByRole("button", { name: "Download" }).click();
  await until(tab, "the download grows", isGrowing);
  await tab.getByRole("button", { name: "Cancel" }).click();
  await failure(tab, "CANCELLED");
  await places.gateway.logged({ grpc_method: "Download", grpc_status: "CANCELLED" });
}

function choose(tab, name, buffer) {
  return tab.locator("input[type=file]").setInputFiles([{ name, mimeType: "application/octet-stream", buffer }]);
}
