// A conversation between two browsers, one by WebSocket and one by streams; and lost connections.

import assert from "node:assert/strict";

import { open } from "./steps.mjs";

const FOREIGN = { place: "foreign", dialect: "connect" };
const SOCKET = /Joined by WebSocket/;
const STREAM = /Joined by a server stream/;

export const chat = (variants) => [
  ...variants.map((variant) => ({
    title: `${variant.place} ${variant.dialect}: two talk, one by WebSocket and one by streams`,
    act: (visit, places) => talk(visit, places, variant),
  })),
  { title: "foreign: a lost WebSocket comes back, and nothing said meanwhile is missed", isAlone: true, act: (...with_) => lose(...with_, "WebSocket, else streams", SOCKET) },
  { title: "foreign: a lost stream comes back, and nothing said meanwhile is missed", isAlone: true, act: (...with_) => lose(...with_, "streams only", STREAM) },
  { title: "foreign: where WebSockets are refused, streams do", isAlone: true, act: refuse },
];

async function talk(visit, places, variant) {
  const room = `${variant.place}-${variant.dialect}`;
  const ada = await join(visit, places, variant, room, "ada", "WebSocket, else streams");
  await state(ada, SOCKET);
  const bob = await join(visit, places, variant, room, "bob", "streams only");
  await state(bob, STREAM);
  await say(ada, "Is anybody <b>there</b>?");
  await heard(bob, "Is anybody <b>there</b>?");
  await say(bob, "Always.");
  await heard(ada, "Always.");
  assert.deepEqual(await ada.locator(".text").allTextContents(), ["Is anybody <b>there</b>?", "Always."]);
  assert.equal(await ada.locator(".mine").count(), 1);
  assert.equal(await bob.locator(".mine").count(), 1);
}

async function lose(visit, places, way, joined) {
  const room = `lost ${way}`;
  const ada = await join(visit, places, FOREIGN, room, "ada", way);
  await state(ada, joined);
  await say(ada, "before");
  await heard(ada, "before");
  visit.expectFailures();
  places.wire.cut();
  await state(ada, /Lost: .*The next try is in/);
  // Somebody whose wire is whole.
  const bob = await join(visit, places, { place: "own", dialect: "connect" }, room, "bob", "WebSocket, else streams");
  await say(bob, "meanwhile");
  await heard(bob, "meanwhile");
  places.wire.mend();
  await heard(ada, "meanwhile");
  await state(ada, joined);
  assert.deepEqual(await ada.locator(".text").allTextContents(), ["before", "meanwhile"]);
}

async function refuse(visit, places) {
  visit.expectFailures();
  places.wire.takeSockets(false);
  try {
    const ada = await join(visit, places, FOREIGN, "refused", "ada", "WebSocket, else streams");
    await state(ada, STREAM);
    await say(ada, "by streams, then");
    await heard(ada, "by streams, then");
  } finally {
    places.wire.takeSockets(true);
  }
}

async function join(visit, places, variant, room, author, way) {
  const tab = await open(visit, places, variant, "chat");
  await tab.getByLabel("Your name").fill(author);
  await tab.getByLabel("Room").fill(room);
  await tab.getByLabel("How", { exact: true }).selectOption(way);
  return tab;
}

async function say(tab, words) {
  await tab.getByLabel("Message", { exact: true }).fill(words);
  await tab.getByLabel("Message", { exact: true }).press("Enter");
}

const heard = (tab, words) => tab.locator(".text", { hasText: words }).waitFor();
const state = (tab, words) => tab.getByRole("status").filter({ hasText: words }).waitFor();
