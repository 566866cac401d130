// What the form can do: each kind of field, rules while one types, JSON beside it, links, samples.

import { field, form, has } from "./calls.mjs";
import { open } from "./pages.mjs";

const KINDS = "/demo.echo.v1/EchoService/EchoKinds";
const BOOK = "/demo.library.v1/LibraryService/CreateBook";

export async function forms({ tab, origin, check, shot }) {
  const json = () => tab.getByLabel("The request as JSON").evaluate((area) => JSON.parse(area.value));
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
