// How the pages look: light, dark and on a phone, with something on them. axe-core finds nothing, nothing
// is wider than the screen, and a picture of each is kept for eyes.

import assert from "node:assert/strict";
import { join } from "node:path";

import { failure, open, until } from "./steps.mjs";

const OWN = { place: "own", dialect: "connect" };

const LOOKS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  phone: { colorScheme: "light", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
};

/** What is done on each page before it is looked at. */
const PAGES = {
  library: async (tab) => {
    await tab.getByLabel("Reader").fill("");
    await tab.getByRole("button", { name: "Borrow Vanity Fair" }).click();
    await failure(tab, "INVALID_ARGUMENT");
  },
  failures: async (tab) => {
    await tab.getByRole("button", { name: "Fail" }).click();
    await failure(tab, "RESOURCE_EXHAUSTED");
    await tab.getByRole("button", { name: "Call" }).click();
    await failure(tab, "DEADLINE_EXCEEDED");
  },
  chat: async (tab) => {
    await tab.getByRole("status").filter({ hasText: "Joined" }).waitFor();
    await tab.getByLabel("Message", { exact: true }).fill("Good evening.");
    await tab.getByRole("button", { name: "Send" }).click();
    await tab.locator(".mine").first().waitFor();
  },
  telemetry: async (tab) => {
    await tab.getByRole("button", { name: "Start" }).click();
    await until(tab, "a line", async () => ((await tab.locator(".chart-line").getAttribute("d")) ?? "").split("L").length > 12);
  },
  files: async (tab) => {
    const buffer = Buffer.alloc(2_000_000);
    await tab.locator("input[type=file]").setInputFiles([{ name: "notes.txt", mimeType: "text/plain", buffer }]);
    await tab.getByText(/^Kept in/).waitFor();
    await tab.getByLabel("What becomes of it").selectOption("cover");
    await tab.locator("input[type=file]").setInputFiles([{ name: "huge.png", mimeType: "image/png", buffer }]);
    await failure(tab, "INVALID_ARGUMENT");
  },
};

export const looks = () => [
  ...Object.keys(LOOKS).flatMap((look) => Object.keys(PAGES).map((page) => ({
    title: `own, ${look}: ${page} ${LOOKS[look].isMobile ? "fits" : "is accessible and fits"}`,
    act: (visit, places) => lookAt(visit, places, look, page),
  }))),
  { title: "own: everything can be reached by the keyboard", act: keyboard },
];

async function lookAt(visit, places, look, page) {
  visit.expectFailures();
  const tab = await open(visit, places, OWN, page, LOOKS[look]);
  await PAGES[page](tab);
  const { scroll, width } = await tab.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: innerWidth }));
  assert.ok(scroll <= width, `it is ${scroll} wide on a screen of ${width}`);
  await tab.screenshot({ path: join(places.shots, `${look}-${page}.png`), fullPage: true });
  if (LOOKS[look].isMobile) return; // the same page to a screen reader
  assert.deepEqual(await visit.inaccessible(tab), []);
}

async function keyboard(visit, places) {
  const tab = await open(visit, places, OWN, "library");
  await tab.getByRole("button", { name: "Borrow Vanity Fair" }).waitFor();
  const focused = () => tab.evaluate(() => document.activeElement?.textContent);
  await tab.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the page");
  for (let step = 0; step < 4; step += 1) await tab.keyboard.press("Tab");
  assert.equal(await focused(), "Chat");
  await tab.keyboard.press("Enter");
  await tab.getByRole("heading", { name: "Chat", level: 1 }).waitFor();
  assert.equal(await tab.evaluate(() => document.activeElement?.id), "main");
  await tab.keyboard.press("Tab"); // what is said, which scrolls
  await tab.keyboard.press("Tab");
  await tab.keyboard.type("by keys alone");
  await tab.keyboard.press("Enter");
  await tab.locator(".mine", { hasText: "by keys alone" }).first().waitFor();
}
