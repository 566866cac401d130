// Shelves, books, covers; a loan and its return; and the three ways in which the library says no.

import assert from "node:assert/strict";

import { details, failure, open, slide, until } from "./steps.mjs";

const BOOKS = ["Great Expectations", "Vanity Fair", "Moby-Dick", "Middlemarch", "On the Origin of Species"];

export const library = (variants) => [
  ...variants.map((variant, index) => ({
    title: `${variant.place} ${variant.dialect}: a book is lent, not lent twice, and brought back`,
    act: (visit, places) => lend(visit, places, variant, BOOKS[index]),
  })),
  {
    title: "foreign connect: a fourth book is refused, and may be tried for later",
    isAlone: true, // the books have to be there
    act: quota,
  },
];

async function lend(visit, places, variant, title) {
  const tab = await open(visit, places, variant, "library");
  if (title === BOOKS[4]) await tab.getByRole("button", { name: /^Science/ }).click();
  const borrow = tab.getByRole("button", { name: `Borrow ${title}` });
  await borrow.waitFor();
  await until(tab, "the covers are there", () =>
    tab.evaluate(() => [...document.querySelectorAll(".book img")].every((image) => image.naturalWidth > 0)));
  const desk = tab.locator("section", { has: tab.getByRole("heading", { name: "Lending desk" }) });
  await tab.getByLabel("Reader").fill(`reader of ${title}`);
  await borrow.click();
  await desk.getByText(`is lent to reader of ${title}`).waitFor();

  visit.expectFailures();
  await borrow.click();
  assert.deepEqual(await details(await failure(desk, "FAILED_PRECONDITION")), ["PreconditionFailure"]);
  await slide(tab, "For how long", "90 days");
  await borrow.click();
  const refused = await failure(desk, "INVALID_ARGUMENT");
  assert.deepEqual(await details(refused), ["BadRequest"]);
  assert.equal(await refused.locator(".detail dt").textContent(), "days");

  await tab.getByRole("button", { name: `Bring back ${title}` }).click();
  await desk.getByText(`${title} is back on its shelf.`).waitFor();
}

async function quota(visit, places) {
  const tab = await open(visit, places, { place: "foreign", dialect: "connect" }, "library");
  const desk = tab.locator("section", { has: tab.getByRole("heading", { name: "Lending desk" }) });
  await tab.getByLabel("Reader").fill("a greedy reader");
  for (const title of BOOKS.slice(0, 3)) {
    await tab.getByRole("button", { name: `Borrow ${title}` }).click();
    await desk.getByText(`${title} is lent to a greedy reader`).waitFor();
  }
  visit.expectFailures();
  await tab.getByRole("button", { name: `Borrow ${BOOKS[3]}` }).click();
  const refused = await failure(desk, "RESOURCE_EXHAUSTED");
  assert.deepEqual(await details(refused), ["QuotaFailure", "RetryInfo"]);
  assert.ok(await refused.getByRole("button", { name: /^Try again in \d+ s$/ }).isDisabled());
}
