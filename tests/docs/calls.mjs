// Every way to call a method from its page, against the running demo.

import { open } from "./pages.mjs";

const ECHO = "/demo.echo.v1/EchoService";
const MODES = ["REST", "gRPC-Web", "Connect", "WebSocket"];

export async function calls({ tab, origin, check, shot }) {
  for (const mode of MODES) {
    await check(`unary by ${mode}`, async () => {
      await open(tab, origin, `${ECHO}/Get`);
      await field(tab, "id").fill("7");
      await by(tab, mode);
      await send(tab, "Send");
      await ended(tab, "OK");
      await has(tab.locator(".latest pre.message"), '"name": "small-7"');
    });
    await check(`an error with its details by ${mode}`, async () => {
      await open(tab, origin, `${ECHO}/Fail`);
      await form(tab, { code: 5, message: "gone", standardDetails: true });
      await by(tab, mode);
      await send(tab, "Send");
      await ended(tab, "NOT_FOUND gone");
      const names = await tab.locator(".latest .detail .name").allInnerTexts();
      if (names.length !== 10) throw new Error(`details: ${names}`);
      await has(tab.locator(".latest .detail").nth(1), '"1.500s"');
      if (mode === "gRPC-Web") await shot("error");
    });
  }

  for (const mode of ["REST, lines", "SSE", "JSON array", "gRPC-Web", "Connect", "WebSocket"]) {
    await check(`a server stream by ${mode}`, async () => {
      await open(tab, origin, `${ECHO}/Stream`);
      await form(tab, { count: 3, interval: "0.01s" });
      await by(tab, mode);
      await send(tab, "Send");
      await ended(tab, "OK");
      const rows = await tab.locator(".latest tbody tr.in").count();
      if (rows !== 3) throw new Error(`${rows} messages`);
      await has(tab.locator(".latest tbody tr.status"), "OK");
    });
    await check(`a stream that fails on the way by ${mode}`, async () => {
      await open(tab, origin, `${ECHO}/Stream`);
      await form(tab, { count: 2, failCode: 15, failMessage: "torn" });
      await by(tab, mode);
      await send(tab, "Send");
      // An array that fails is broken off, and the browser may drop its last element.
      await ended(tab, mode === "JSON array" ? /DATA_LOSS torn|the stream has failed/ : "DATA_LOSS torn");
    });
  }

  await check("a stream is seen as it comes, rests, is filtered and cancelled", async () => {
    await open(tab, origin, `${ECHO}/Stream`);
    await form(tab, { count: 100000, interval: "0.02s" });
    await by(tab, "gRPC-Web");
    await send(tab, "Send");
    const rows = tab.locator(".latest tbody tr.in");
    await rows.nth(2).waitFor();
    await tab.getByRole("button", { name: "Pause" }).click();
    await tab.getByLabel("Filter").fill('"index":"1"');
    await tab.waitForFunction(() => [...document.querySelectorAll(".latest tbody tr.in")].filter((row) => !row.hidden).length === 1);
    await has(tab.locator(".latest .rate"), "messages/s");
    await tab.getByRole("button", { name: "Go on" }).click();
    await tab.getByLabel("Filter").fill("");
    await tab.getByRole("button", { name: "Cancel" }).click();
    await ended(tab, "CANCELLED");
    await shot("stream");
  });

  for (const mode of ["REST", "gRPC-Web", "Connect"]) {
    await check(`a client stream by ${mode}`, async () => {
      await open(tab, origin, `${ECHO}/Collect`);
      await by(tab, mode);
      for (const text of ["ab", "cde"]) {
        await form(tab, { text });
        await send(tab, "Add this message");
      }
      await send(tab, "Send all");
      await ended(tab, "OK");
      await has(tab.locator(".latest pre.message"), '"size": "5"');
    });
    await check(`a conversation by ${mode}, in turns`, async () => {
      await open(tab, origin, `${ECHO}/Converse`);
      await by(tab, mode);
      await form(tab, { text: "ab" });
      await send(tab, "Send all");
      await ended(tab, "OK");
      await has(tab.locator(".latest tbody tr.in"), '"text":"ab"');
    });
  }

  await check("a conversation by WebSocket, with a half-close", async () => {
    await open(tab, origin, `${ECHO}/Converse`);
    await by(tab, "WebSocket");
    await send(tab, "Open");
    for (const [index, text] of ["one", "two"].entries()) {
      await form(tab, { text });
      await send(tab, "Send this message");
      await tab.locator(".latest tbody tr.in").nth(index).waitFor();
    }
    await send(tab, "No more from here");
    await ended(tab, "OK");
    const ways = await tab.locator(".latest tbody tr").evaluateAll((rows) => rows.map((row) => row.className));
    if (ways.filter((way) => way === "out").length !== 2) throw new Error(`rows: ${ways}`);
    await shot("conversation");
  });
  await check("a conversation by WebSocket, cancelled", async () => {
    await open(tab, origin, `${ECHO}/Converse`);
    await by(tab, "WebSocket");
    await send(tab, "Open");
    await form(tab, { text: "one" });
    await send(tab, "Send this message");
    await tab.locator(".latest tbody tr.in").first().waitFor();
    await send(tab, "Cancel");
    await ended(tab, "CANCELLED");
  });
  await check("a client stream by WebSocket", async () => {
    await open(tab, origin, `${ECHO}/Collect`);
    await by(tab, "WebSocket");
    await send(tab, "Open");
    await form(tab, { text: "abc" });
    await send(tab, "Send this message");
    await send(tab, "No more from here");
    await ended(tab, "OK");
    await has(tab.locator(".latest pre.message"), '"size": "3"');
  });

  await check("metadata, trailers and a deadline go both ways", async () => {
    await open(tab, origin, `${ECHO}/Metadata`);
    await form(tab, { headers: { "x-head": "1" }, trailers: { "x-tail": "2" } });
    await tab.getByText("Headers and deadline").click();
    await tab.getByLabel("authorization").fill("Bearer not-for-anybody");
    await tab.getByRole("button", { name: "Add a header" }).click();
    await tab.getByLabel("Name of a header").fill("x-tenant");
    await tab.getByLabel("Value of a header").fill("acme");
    await tab.getByLabel("deadline").fill("5");
    for (const mode of ["REST", "gRPC-Web", "Connect"]) {
      await by(tab, mode);
      await send(tab, "Send");
      await ended(tab, "OK");
      await has(tab.locator(".latest pre.message"), '"acme"');
      await has(tab.locator(".latest .part", { hasText: "Trailers" }), "x-tail");
      await has(tab.locator(".latest .part", { hasText: "Answer headers" }), "x-head");
    }
    if ((await tab.locator(".latest .part").first().textContent()).includes("not-for-anybody")) throw new Error("the token is shown");
    await has(tab.locator("#samples code").first(), "x-tenant: acme");
  });
  await check("credentials are shown nowhere, whatever their header is called", async () => {
    await open(tab, origin, `${ECHO}/Get`);
    await form(tab, { id: "7" });
    await tab.getByText("Headers and deadline").click();
    const token = tab.getByLabel("authorization");
    await tab.getByRole("button", { name: "Add a header" }).click();
    for (const [name, value] of [["x-auth-token", "hush"], ["api-key", "hush"], ["x-session", "hush hush"]]) {
      await tab.getByLabel("Name of a header").fill(name);
      await tab.getByLabel("Value of a header").fill(value);
      await token.fill("Bearer hush hush ");
      await by(tab, "REST");
      await send(tab, "Send");
      await ended(tab, "OK");
      const shown = await tab.locator(".latest .part").first().textContent();
      if (shown.includes("hush") || !shown.includes("Bearer …")) throw new Error(shown);
    }
  });
  await check("a path with a segment that browsers take for a step is not sent", async () => {
    await open(tab, origin, "/demo.library.v1/LibraryService/DeleteBook");
    await form(tab, { name: "shelves/../books/.." });
    await by(tab, "REST");
    await send(tab, "Send");
    await ended(tab, 'the path would have the segment ".."');
  });
  await check("a deadline that is longer than any", async () => {
    await open(tab, origin, `${ECHO}/Get`);
    await form(tab, { id: "7" });
    await tab.getByText("Headers and deadline").click();
    await tab.getByLabel("deadline").fill("1e300");
    for (const mode of ["gRPC-Web", "Connect"]) {
      await by(tab, mode);
      await send(tab, "Send");
      await ended(tab, "OK");
    }
  });
  await check("a deadline that passes", async () => {
    await open(tab, origin, `${ECHO}/Slow`);
    await form(tab, { delay: "20s" });
    await tab.getByText("Headers and deadline").click();
    await tab.getByLabel("deadline").fill("0.2");
    for (const mode of ["REST", "gRPC-Web", "Connect"]) {
      await by(tab, mode);
      await send(tab, "Send");
      await ended(tab, "DEADLINE_EXCEEDED");
    }
  });
  await check("a download is saved, and an image seen", async () => {
    await open(tab, origin, "/demo.library.v1/LibraryService/GetCover");
    await form(tab, { name: "shelves/fiction/books/1" });
    await by(tab, "REST");
    await send(tab, "Send");
    await tab.locator(".latest .summary.ok, .latest .summary.failed").waitFor();
    await tab.getByRole("link", { name: /^Save / }).waitFor();
    await tab.locator(".latest img").waitFor();
    const [download] = await Promise.all([tab.waitForEvent("download"), tab.getByRole("link", { name: /^Save / }).click()]);
    if (!download.suggestedFilename().endsWith(".svg")) throw new Error(download.suggestedFilename());
  });
  await check("a file is uploaded as it is", async () => {
    await open(tab, origin, `${ECHO}/Upload`);
    await tab.locator("input[type=file]").first().setInputFiles({ name: "a.bin", mimeType: "application/x-demo", buffer: Buffer.alloc(100_000, 7) });
    await tab.getByText("a.bin, 100000 bytes").waitFor();
    await by(tab, "REST");
    await send(tab, "Send all");
    await ended(tab, "OK");
    await has(tab.locator(".latest pre.message"), '"size": "100000"');
    await has(tab.locator(".latest pre.message"), "application/x-demo");
  });
  await check("calls before are remembered, and put back", async () => {
    await open(tab, origin, `${ECHO}/Get`);
    for (const [id, mode] of [["7", "REST"], ["8", "Connect"]]) {
      await form(tab, { id });
      await by(tab, mode);
      await send(tab, "Send");
      await ended(tab, mode);
    }
    await tab.getByText("Calls before").click();
    await tab.locator(".history button").last().click();
    await has(tab.locator(".latest pre.message"), '"id": "7"');
    if ((await field(tab, "id").inputValue()) !== "7") throw new Error("the form still holds the other request");
  });
}

/** The input of a field at the top of the form. */
export function field(tab, name) {
  return tab.locator(`#try-form .message > .field:has(> label .name:text-is("${name}")) .control`).first().locator("input, select, textarea").first();
}

/** Fills the form by its JSON. */
export async function form(tab, value) {
  await tab.getByRole("tab", { name: "JSON", exact: true }).click();
  await tab.getByLabel("The request as JSON").fill(JSON.stringify(value));
  await tab.getByRole("tab", { name: "Form", exact: true }).click();
}

export async function by(tab, mode) {
  await tab.getByRole("radio", { name: mode, exact: mode !== "REST" }).check();
}

export async function send(tab, name) {
  await tab.getByRole("button", { name, exact: true }).click();
}

/** Waits for the end of a call, and for these words in its summary. */
export async function ended(tab, words) {
  const summary = tab.locator(".latest .summary.ok, .latest .summary.failed");
  await summary.waitFor();
  await has(summary, words);
}

/** Waits until some text is there. */
export async function has(locator, words) {
  try {
    await locator.filter({ hasText: words }).first().waitFor({ state: "attached", timeout: 5000 });
  } catch {
    throw new Error(`"${words}" is not in: ${(await locator.allTextContents()).join(" / ").slice(0, 300)}`);
  }
}
