// The status page of the admin port: that it fills, follows calls, and hears of health by gRPC-Web.

import assert from "node:assert/strict";

/** Drives the page of a gateway of its own, whose backend is the demo's gateway. */
export async function status({ check, shot, start, open, origin, look, protos }) {
  const flags = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--upstream", origin, "--proto", protos];
  const { child, listening, address } = start(flags);
  let seen;
  try {
    const [url, base] = [`http://${await address}`, `http://${(await listening).admin}`];
    seen = await open(base);
    const { tab } = seen;
    const shows = (id, pattern) =>
      tab.waitForFunction(
        ([id, pattern]) => new RegExp(pattern).test(document.getElementById(id)?.textContent ?? ""),
        [id, pattern],
      );
    const fine = async () => assert.deepEqual(await seen.wrong(), []);

    await check("status: the page says that the gateway is ready, and hears the same by gRPC-Web", async () => {
      await tab.goto(base);
      await shows("phase", "^ready$");
      await shows("health", "^SERVING$");
      await shows("what", "configuration 1, schema 1");
      await fine();
    });
    await check("status: calls, upstreams and errors are shown as they come", async () => {
      assert.equal((await fetch(`${url}/v1/echo/7`)).status, 200);
      assert.equal((await fetch(`${url}/v1/echo:fail?code=5&message=%3Cb%3Ex`, { headers: { "x-request-id": "from-a-test" } })).status, 404);
      await shows("calls", "[1-9]");
      await shows("upstreams", "healthy");
      await shows("methods", "demo.echo.v1.EchoService/Get");
      await shows("failures", "EchoService/Fail.*NOT_FOUND.*upstream.*from-a-test");
      await fine();
    });
    await check("status: nothing is wider than the window", async () => {
      assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
      await shot("status", tab);
      await fine();
    });
    await check("status: it says when nobody answers", async () => {
      child.removeAllListeners("exit");
      child.kill();
      await shows("lost", "does not answer");
      await seen.wrong();
    });
  } finally {
    await seen?.context.close();
    child.removeAllListeners("exit");
    child.kill();
  }
}
