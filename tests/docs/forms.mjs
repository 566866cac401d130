// What the form can do: each kind of field, rules while one types, JSON beside it, links, samples.

import { field, form, has } from "./calls.mjs";
import { open } from "./pages.mjs";

const KINDS = "/demo.echo.v1/EchoService/EchoKinds";
const BOOK = "/demo.library.v1/LibraryService/CreateBook";

export async function forms({ tab, origin, check, shot }) {
  const json = async () => JSON.parse(await tab.getByLabel("The request as JSON").inputValue());
  const same = async (expected) => {
    const found = JSON.stringify(await json());
    if (found !== JSON.stringify(expected)) throw new Error(`the request is ${found}`);
  };

  await check("every kind of field has a control that gives its JSON", async () => {
    await open(tab, origin, KINDS);
    await form(tab, {});
    await field(tab, "doubleValue").fill("NaN");
    await field(tab, "int64Value").fill("9007199254740993");
    await field(tab, "boolValue").check();
    await field(tab, "bytesValue").fill("aGVsbG8=");
    await field(tab, "enumValue").selectOption("SHIPPED");
    await tab.locator("#try-form").getByText("On its way.").waitFor();
    await field(tab, "optionalValue").fill("0");
    await field(tab, "timestamp").fill("2026-01-31T12:00:00Z");
    await field(tab, "duration").fill("1.5s");
    await field(tab, "mask").fill("title,author.name");
    await field(tab, "struct").fill('{"a":[1]}');
    await field(tab, "wrappedBool").selectOption("false");
    await tab.getByRole("button", { name: "Add to textMap", exact: true }).click();
    await tab.getByLabel("Key of textMap, entry 1").fill("k");
    await tab.getByLabel("Value of textMap, entry 1").fill("v");
    await tab.getByRole("button", { name: "Add to numbers", exact: true }).click();
    await tab.getByLabel("numbers 1", { exact: true }).fill("-4");
    await same({
      doubleValue: "NaN", int64Value: "9007199254740993", boolValue: true, bytesValue: "aGVsbG8=", enumValue: "SHIPPED",
      optionalValue: 0, numbers: [-4], textMap: { k: "v" }, timestamp: "2026-01-31T12:00:00Z", duration: "1.5s",
      mask: "title,author.name", struct: { a: [1] }, wrappedBool: false,
    });
  });
  await check("a oneof holds one of its members", async () => {
    await open(tab, origin, KINDS);
    await form(tab, { choiceText: "a" });
    await tab.getByRole("radio", { name: "choiceNumber" }).check();
    await same({ choiceNumber: "0" });
    await tab.getByLabel("choiceNumber", { exact: true }).last().fill("5");
    await same({ choiceNumber: "5" });
    await tab.getByRole("radio", { name: "choiceMessage" }).check();
    await same({ choiceMessage: {} });
    await tab.getByRole("radio", { name: "none" }).check();
    await same({});
  });
  await check("a message within itself is opened as far as one likes", async () => {
    await open(tab, origin, KINDS);
    await form(tab, {});
    for (let depth = 0; depth < 3; depth += 1) {
      await tab.getByRole("button", { name: "Add nested", exact: true }).last().click();
    }
    await same({ nested: { nested: { nested: {} } } });
  });
  await check("an Any is filled in by the form of its type", async () => {
    await open(tab, origin, KINDS);
    await form(tab, {});
    await tab.getByLabel("Type of any").selectOption("demo.echo.v1.GetRequest");
    await tab.locator(".field:has(> legend .name:text-is('any')) .inside input").first().fill("7");
    await same({ any: { "@type": "type.googleapis.com/demo.echo.v1.GetRequest", id: "7" } });
  });
  await check("a file becomes the bytes of a field", async () => {
    await open(tab, origin, KINDS);
    await form(tab, {});
    await tab.getByLabel("A file for this field").first().setInputFiles({ name: "a", mimeType: "text/plain", buffer: Buffer.from("hello") });
    await tab.getByText("a, 5 bytes").waitFor();
    await same({ bytesValue: "aGVsbG8=" });
  });
  await check("rules are checked while one types", async () => {
    await open(tab, origin, BOOK);
    await form(tab, { parent: "shelves/fiction", book: { title: "" } });
    const isbn = tab.getByLabel("isbn");
    await isbn.fill("12x");
    await tab.getByText("must match ^[0-9]*$").waitFor();
    if ((await isbn.getAttribute("aria-invalid")) !== "true") throw new Error("the field is not marked");
    await isbn.fill("123");
    await tab.getByText("must match ^[0-9]*$").waitFor({ state: "hidden" });
    await tab.getByLabel("pages").first().fill("many");
    await tab.getByText("a whole number is expected").waitFor();
  });
  await check("JSON and form are kept in step, both ways", async () => {
    await open(tab, origin, BOOK);
    await form(tab, { parent: "shelves/a", book: { title: "T", authors: ["A", "B"], ebook: { size: "5" }, labels: { x: "y" } } });
    if ((await tab.getByLabel("authors 2", { exact: true }).inputValue()) !== "B") throw new Error("the second author is missing");
    await tab.getByLabel("authors 2", { exact: true }).fill("C");
    await same({ parent: "shelves/a", book: { title: "T", authors: ["A", "C"], ebook: { size: "5" }, labels: { x: "y" } } });
    await tab.getByRole("tab", { name: "JSON", exact: true }).click();
    await tab.getByLabel("The request as JSON").fill('{"titel": 1}');
    await tab.getByText('has no field "titel"').waitFor();
    await tab.getByLabel("The request as JSON").fill("{");
    await tab.getByText(/^no JSON/).waitFor();
  });
  await check("JSON that the form cannot hold is told, and numbers keep their digits", async () => {
    await open(tab, origin, KINDS);
    await tab.getByRole("tab", { name: "JSON", exact: true }).click();
    const typed = tab.getByLabel("The request as JSON");
    const problem = tab.locator("#try-json-problem");
    for (const [text, words] of [
      ['{"doubleValue": {"a": 1}}', "doubleValue: found an object, expected a number"],
      ['{"stringValue": {"a": 1}}', "stringValue: found an object, expected a text"],
      ['{"stringValue": 5}', "stringValue: found a number, expected a text"],
      ['{"boolValue": "yes"}', "boolValue: found a text, expected true or false"],
      ['{"enumValue": {}}', "enumValue: found an object, expected a text"],
      ['{"numbers": 1}', "numbers: found a number, expected a list"],
      ['{"choiceText": "a", "choiceNumber": "1"}', "found choiceText and choiceNumber, expected one of them"],
    ]) {
      await typed.fill(text);
      await has(problem, words);
    }
    // What is sent stands in the samples.
    const sent = tab.locator("#samples section:not([hidden]) code");
    await tab.getByRole("tab", { name: "grpcurl", exact: true }).click();
    const numbers = Array.from({ length: 230 }, (_, index) => index);
    for (const [text, words] of [
      ['{"int64Value": 9007199254740993}', '"9007199254740993"'],
      ['{"uint64Value": 18446744073709551615}', '"18446744073709551615"'],
      ['{"doubleValue": -0}', '"-0"'],
      [JSON.stringify({ numbers }), "228,229]"],
      ['{"any": {"@type": "x/demo.echo.v1.GetRequest", "id": "7"}}', "x/demo.echo.v1.GetRequest"],
      ['{"any": {"@type": "x/not.there", "i": 12345678901234567891}}', "12345678901234567891"],
    ]) {
      await typed.fill(text);
      await has(sent, words);
      if (await problem.isVisible()) throw new Error(`${text}: ${await problem.textContent()}`);
    }
    await form(tab, { doubleValue: 1 });
    await field(tab, "doubleValue").fill(" ");
    await same({});
  });
  await check("a request that is deeper than any form is written as JSON", async () => {
    await open(tab, origin, KINDS);
    let nested = {};
    for (let depth = 0; depth < 400; depth += 1) nested = { nested };
    await form(tab, nested);
    await same(nested);
    const count = await tab.locator("#try-form *").count();
    if (count > 15_000) throw new Error(`${count} elements`);
  });
  await check("a link has neither fields nor keys that hold secrets, and says so", async () => {
    await open(tab, origin, KINDS);
    await form(tab, { textMap: { apiKey: "hush", pageToken: "seen" }, struct: { a: [{ auth_token: "hush", name: "seen" }], next_page_token: "seen" } });
    await tab.getByRole("button", { name: "Link to this request" }).click();
    await tab.getByText("Not in it: headers, apiKey, auth_token.").waitFor();
    const link = decodeURIComponent(tab.url());
    if (link.includes("hush") || link.split("seen").length !== 4) throw new Error(link);
    await form(tab, { any: { "@type": "x/not.there", a: "hush" } });
    await tab.getByRole("button", { name: "Link to this request" }).click();
    await tab.getByText("what is in a not.there").waitFor();
  });
  await check("an address that is no text does no harm", async () => {
    await open(tab, origin, "/errors#%E0");
    await open(tab, origin, `${KINDS}#%E0`);
  });
  await check("the samples follow the form", async () => {
    await open(tab, origin, BOOK);
    await form(tab, { parent: "shelves/it's", book: { title: "T" } });
    await has(tab.locator("#samples code").first(), "/v1/shelves/it%27s/books");
    for (const [label, words] of [
      ["tonic", `parent: "shelves/it's".to_string()`], ["grpcio", '"title": "T"'], ["grpcurl", String.raw`it'\''s`],
      ["Connect", '"parent": "shelves/it\'s"'], ["fetch", "/v1/shelves/it%27s/books"],
    ]) {
      await tab.getByRole("tab", { name: label, exact: true }).click();
      await has(tab.locator("#samples section:not([hidden]) code"), words);
    }
    await shot("samples");
  });
  await check("a link restores the request, and has no secret in it", async () => {
    await open(tab, origin, BOOK);
    await form(tab, { parent: "shelves/fiction", book: { title: "Linked" } });
    await tab.getByRole("radio", { name: "Connect" }).check();
    await tab.getByText("Headers and deadline").click();
    await tab.getByLabel("authorization").fill("Bearer very-secret");
    await tab.getByRole("button", { name: "Link to this request" }).click();
    await tab.getByText("The address of this page is the link now").waitFor();
    const link = tab.url();
    if (/very-secret/.test(link)) throw new Error("the link holds the token");
    await tab.goto("about:blank");
    await tab.goto(link);
    await tab.locator("#try-form form").waitFor();
    await same({ parent: "shelves/fiction", book: { title: "Linked" } });
    if (!(await tab.getByRole("radio", { name: "Connect" }).isChecked())) throw new Error("it is called in another way");
    if ((await tab.getByLabel("authorization").inputValue()) !== "") throw new Error("the token came back");
  });
  await check("everything can be done by keyboard", async () => {
    await open(tab, origin, "/demo.echo.v1/EchoService/Get");
    await field(tab, "id").focus();
    await tab.keyboard.press("ControlOrMeta+a");
    await tab.keyboard.type("9");
    await tab.keyboard.press("Enter");
    await tab.locator(".latest .summary.ok").waitFor();
    await tab.getByRole("tab", { name: "curl", exact: true }).focus();
    await tab.keyboard.press("ArrowRight");
    await tab.getByRole("tab", { name: "fetch", exact: true, selected: true }).waitFor();
  });
}
