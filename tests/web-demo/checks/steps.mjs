// What every check does: open a page, choose a dialect, compare.

import assert from "node:assert/strict";

/** A tab that shows `page`, with its calls by `dialect`. */
export async function open(visit, places, { place, dialect }, page, look) {
  const tab = await visit.open(`${places[place]}#/${page}`, look);
  if (dialect !== "connect") await tab.getByLabel("Calls travel as").selectOption(dialect);
  return tab;
}

/** The titles of the details that a failure shows. */
export function details(failure) {
  return failure.locator(".detail h3").allTextContents();
}

/** The failure on a tab with this code, once it is there. */
export async function failure(within, code) {
  const found = within.getByRole("group", { name: `Failed: ${code}` });
  await found.waitFor();
  return found;
}

/** Moves a slider until it says this. */
export async function slide(tab, label, words) {
  const slider = tab.getByLabel(label, { exact: true });
  await slider.press("Home");
  for (let step = 0; step < 20; step += 1) {
    if ((await slider.getAttribute("aria-valuetext")) === words) return;
    await slider.press("ArrowRight");
  }
  assert.fail(`${label} never says ${words}`);
}

/** Waits until `look` gives something true. */
export async function until(tab, what, look) {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (await look()) return;
    // The page's own clock: nothing is measured by it.
    await tab.waitForTimeout(50);
  }
  assert.fail(`never: ${what}`);
}
