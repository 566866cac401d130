// Plain fetch, without any library: REST, streams of JSON lines, uploads, Connect by hand.

import { check, equal, fail, has, logged, rejection, requestId, skip } from "./harness.mjs";

const ME = "fetch";
const json = { "content-type": "application/json" };

/** The JSON lines of an answer, each as soon as it is complete. */
async function* lines(response) {
  let rest = "";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
  equal(rest, "", "behind the last line");
}

export async function checkFetch(base) {
  const isSecure = base.startsWith("https:");
  const call = (path, init) => fetch(base + path, init);

  await check(ME, "GET", async () => {
    const response = await call("/v1/echo/7");
    equal([response.status, await response.json()], [
      200, { id: "7", name: "small-7", half: 3.5, state: "CLOSED" },
    ]);
    equal(response.type, "cors");
    const id = requestId();
    await call("/v1/echo/7", { headers: { "x-request-id": id } });
    has(await logged({ request_id: id }), { http_version: isSecure ? "2" : "1.1" }, "access log");
  });
  await check(ME, "POST and PATCH with JSON, DELETE", async () => {
    const post = await call("/v1/shelves", { method: "POST", headers: json, body: '{"theme":"Browsers"}' });
    const shelf = await post.json();
    equal([post.status, shelf.theme], [200, "Browsers"]);
    const patch = await call("/v1/shelves/fiction/books/2", { method: "PATCH", headers: json, body: '{"subtitle":"By a browser"}' });
    equal([patch.status, (await patch.json()).subtitle], [200, "By a browser"]);
    equal((await call(`/v1/${shelf.name}`, { method: "DELETE" })).status, 200);
    equal((await call(`/v1/${shelf.name}`)).status, 404);
  });
  await check(ME, "HEAD and OPTIONS", async () => {
    equal((await call("/v1/echo/7", { method: "HEAD" })).status, 200);
    const options = await call("/v1/echo/7", { method: "OPTIONS" });
    if (!options.ok) fail(`OPTIONS answered ${options.status}`);
  });
  await check(ME, "a compressed answer", async () => {
    const note = "0123456789".repeat(5000);
    const response = await call("/v1/echo", { method: "POST", headers: json, body: JSON.stringify({ note }) });
    equal((await response.json()).note.length, note.length);
  });
  await check(ME, "an error with its details can be read", async () => {
    const response = await call("/v1/echo:fail", {
      method: "POST", headers: json, body: '{"code":8,"message":"schön","standardDetails":true}',
    });
    const error = await response.json();
    equal([response.status, error.code, error.message, error.details.length], [429, 8, "schön", 10]);
    has(error.details[0], { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "ASKED_FOR" });
  });
  await check(ME, "the gateway's own errors can be read", async () => {
    for (const [path, init, status] of [
      ["/no/such/path", {}, 404],
      ["/v1/echo/7", { method: "DELETE" }, 405],
      ["/v1/echo/seven", {}, 400],
      ["/v1/echo", { method: "POST", headers: json, body: "{" }, 400],
      ["/v1/echo", { method: "POST", headers: { "content-type": "text/csv" }, body: "a,b" }, 415],
      ["/v1/echo", { method: "POST", headers: json, body: JSON.stringify({ note: "x".repeat(5 << 20) }) }, 413],
      [`/v1/echo/7?x=${"x".repeat(9000)}`, {}, 414],
      ["/v1/echo/7", { headers: { "x-long": "x".repeat(20_000) } }, 431],
    ]) {
      const response = await call(path, init).catch((error) => fail(`${status} for ${path.slice(0, 40)} cannot be read: ${error.message}`));
      equal(response.status, status, path.slice(0, 40));
      const error = await response.json();
      if (!(error.code > 0 && error.message)) fail(`${status} without a status in it`);
    }
  });
  await check(ME, "response metadata, trailers and the request's id can be read", async () => {
    const id = requestId();
    const asked = new URLSearchParams({ "headers[x-told]": "this", "headers[x-told-bin]": "AP8=", "trailers[x-cost]": "12" });
    const response = await call(`/v1/echo:metadata?${asked}`, { headers: { "x-request-id": id, "x-asked-bin": "AP8=" } });
    const { metadata } = await response.json();
    equal(metadata["x-asked-bin"], { values: ["AP8="] });
    equal(
      ["x-told", "x-told-bin", "grpc-trailer-x-cost", "x-request-id"].map((name) => response.headers.get(name)),
      ["this", "AP8", "12", id],
    );
  });
  await check(ME, "a deadline", async () => {
    const response = await call("/v1/echo:slow?delay=55s", { headers: { "x-request-timeout": "0.15" } });
    equal([response.status, (await response.json()).code], [504, 4]);
  });
  await check(ME, "a stream of JSON lines", async () => {
    const seen = [];
    for await (const item of lines(await call("/v1/echo:stream?count=300&size=100"))) seen.push(Number(item.index ?? 0));
    equal(seen, Array.from({ length: 300 }, (_, i) => i));
  });
  await check(ME, "a line is seen while the backend rests, and leaving cancels the backend", async () => {
    const id = requestId();
    const leave = new AbortController();
    const response = await call("/v1/echo:stream?count=2&interval=55s", { headers: { "x-request-id": id }, signal: leave.signal });
    let seen = 0;
    const error = await rejection(async () => {
      for await (const item of lines(response)) {
        has(item, {});
        seen += 1;
        leave.abort();
      }
    });
    equal([seen, error.name], [1, "AbortError"]);
    has(await logged({ request_id: id }), { grpc_status: "CANCELLED", resp_msgs: 1 }, "access log");
  });
  await check(ME, "a page that is closed cancels the backend", async () => {
    const id = requestId();
    const frame = document.body.appendChild(document.createElement("iframe"));
    const response = await frame.contentWindow.fetch(
      `${base}/v1/echo:stream?count=2&interval=55s`, { headers: { "x-request-id": id } });
    await response.body.getReader().read();
    frame.remove();
    has(await logged({ request_id: id }), { grpc_status: "CANCELLED" }, "access log");
  });
  await check(ME, "an error behind lines", async () => {
    const seen = [];
    for await (const line of lines(await call("/v1/echo:stream?count=2&failCode=15&failMessage=torn"))) seen.push(line);
    equal(seen.length, 3);
    has(seen[2], { error: { code: 15, message: "torn" } });
  });
  await check(ME, "an error behind elements of an array aborts it", async () => {
    const response = await call("/v1/echo:stream?count=2&failCode=15", { headers: { accept: "application/json" } });
    const error = await rejection(() => response.text());
    equal(error.name, "TypeError");
  });
  await check(ME, "an upload of 6 MiB from a Blob, a client stream", async () => {
    const body = new Blob([new Uint8Array(6 << 20)], { type: "image/png" });
    const uploaded = await (await call("/v1/echo:upload", { method: "POST", body })).json();
    has(uploaded, { size: `${6 << 20}`, contentType: "image/png" });
  });
  await check(ME, "a form with a file, and the file back", async () => {
    const picture = '<svg xmlns="http://www.w3.org/2000/svg"/>';
    const form = new FormData();
    form.append("cover", new File([picture], "cover.svg", { type: "image/svg+xml" }));
    const upload = await call("/v1/shelves/fiction/books/2/cover", { method: "PUT", body: form });
    equal(upload.status, 200, await upload.clone().text());
    const cover = await call("/v1/shelves/fiction/books/2/cover");
    equal([cover.headers.get("content-type"), await cover.text()], ["image/svg+xml", picture]);
  });
  await check(ME, "a form of URLSearchParams", async () => {
    const response = await call("/v1/echo", { method: "POST", body: new URLSearchParams({ id: "a b", "address.town": "Bern" }) });
    has(await response.json(), { id: "a b", address: { town: "Bern" } });
  });
  await check(ME, "a client stream of JSON lines from a string", async () => {
    const body = '{"text":"ab"}\n{"text":"c"}\n';
    const response = await call("/v1/echo:collect", { method: "POST", headers: { "content-type": "application/x-ndjson" }, body });
    equal(await response.json(), { count: "2", size: "3" });
  });
  await check(ME, "Connect JSON by hand", async () => {
    const post = (method, body) => call(`/demo.echo.v1.EchoService/${method}`, { method: "POST", headers: json, body });
    const answer = await post("Get", '{"id":4}');
    equal([answer.status, (await answer.json()).name], [200, "small-4"]);
    const error = await post("Fail", '{"code":5,"message":"gone","standardDetails":true}');
    const { code, message, details } = await error.json();
    equal([error.status, code, message, details.length], [404, "not_found", "gone", 10]);
    equal([details[0].type, typeof details[0].value], ["google.rpc.ErrorInfo", "string"]);
  });
  const credentials = "credentials";
  if (isSecure) {
    await check(ME, credentials, async () => {
      equal((await call("/v1/echo/7", { credentials: "include" })).status, 200);
      equal((await call("/v1/echo", { method: "POST", headers: json, body: "{}", credentials: "include" })).status, 200);
    });
  } else {
    await skip(ME, credentials, "no browser sends them to a gateway that takes every origin, as the demo does");
  }
  const uploading = "a client stream from a ReadableStream (duplex: half)";
  if (isSecure) {
    await check(ME, uploading, async () => {
      const body = new ReadableStream({
        start(controller) {
          for (const text of ["ab", "c"]) controller.enqueue(new TextEncoder().encode(`{"text":"${text}"}\n`));
          controller.close();
        },
      });
      const response = await call("/v1/echo:collect", {
        method: "POST", headers: { "content-type": "application/x-ndjson" }, body, duplex: "half",
      });
      equal(await response.json(), { count: "2", size: "3" });
    });
  } else {
    await skip(ME, uploading, "Chromium streams a request only over HTTP/2, and speaks that only over TLS");
  }
}
