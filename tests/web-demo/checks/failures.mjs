// Errors of every kind with their details, and what a deadline does to a late answer.

import assert from "node:assert/strict";

import { details, failure, open, slide, until } from "./steps.mjs";

const STANDARD = [
  "ErrorInfo", "RetryInfo", "DebugInfo", "QuotaFailure", "PreconditionFailure", "BadRequest", "RequestInfo",
  "ResourceInfo", "Help", "LocalizedMessage",
];

export const failures = (variants) => variants.flatMap((variant) => [
  {
    title: `${variant.place} ${variant.dialect}: an error with every detail, and one of the API's own`,
    act: (visit, places) => fail(visit, places, variant),
  },
  {
    title: `${variant.place} ${variant.dialect}: late answers, with and without enough time`,
    act: (visit, places) => late(visit, places, variant),
  },
]);

async function fail(visit, places, variant) {
  visit.expectFailures();
  const tab = await open(visit, places, variant, "failures");
  await tab.getByRole("button", { name: "Fail" }).click();
  let failed = await failure(tab, "RESOURCE_EXHAUSTED");
  assert.deepEqual(await details(failed), STANDARD);
  assert.equal(await failed.locator(".failure-message").textContent(), "all desks are taken");
  assert.equal(await failed.getByRole("link", { name: "what codes mean" }).getAttribute("rel"), "noreferrer");
  await failed.getByText("The whole status as JSON").click();
  assert.match(await failed.locator("pre").last().textContent(), /"@type": "type.googleapis.com\/google.rpc.Help"/);
  // The RetryInfo's time, then the button works.
  await failed.getByRole("button", { name: "Try again", exact: true }).click();

  await tab.getByLabel("Code", { exact: true }).selectOption("NOT_FOUND");
  await tab.getByLabel("Message", { exact: true }).fill("grüße, „nowhere“");
  await tab.getByLabel("with one of each standard detail").uncheck();
  await tab.getByLabel("with a message of this API: a Book").check();
  await tab.getByRole("button", { name: "Fail" }).click();
  failed = await failure(tab, "NOT_FOUND");
  assert.equal(await failed.locator(".failure-message").textContent(), "grüße, „nowhere“");
  assert.deepEqual(await details(failed), ["Book"]);
  assert.match(await failed.locator(".detail pre").textContent(), /"authors": \[\s+"Jane Austen"/);
}

async function late(visit, places, variant) {
  const tab = await open(visit, places, variant, "failures");
  const card = tab.locator("section", { has: tab.getByRole("heading", { name: "A late answer" }) });
  await slide(tab, "The backend takes", "100 ms");
  await slide(tab, "Deadline", "10 s");
  await card.getByRole("button", { name: "Call" }).click();
  await card.getByText("It answered in time: small-7").waitFor();

  visit.expectFailures();
  await slide(tab, "The backend takes", "30 s");
  await slide(tab, "Deadline", "100 ms");
  await card.getByRole("button", { name: "Call" }).click();
  await failure(card, "DEADLINE_EXCEEDED");

  await slide(tab, "Deadline", "none");
  await card.getByRole("button", { name: "Call" }).click();
  await until(tab, "time goes by", async () => (await card.getByLabel("time").evaluate((bar) => bar.value)) > 0);
  await card.getByRole("button", { name: "Cancel" }).click();
  await failure(card, "CANCELLED");
  await places.gateway.logged({ grpc_method: "Slow", grpc_status: "CANCELLED" });
}
