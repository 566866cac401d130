// How the page is served while it is written, and built.

import { defineConfig, loadEnv, type Plugin } from "vite";

import { policy } from "./policy.ts";

/** Where `transom demo` listens by default. */
const DEMO = "http://127.0.0.1:8080";

export default defineConfig(({ command, mode }) => {
  // While it is written the page has an origin of its own, and calls the gateway across. When it is
  // built it calls where it comes from, unless VITE_TRANSOM says otherwise.
  const gateway = loadEnv(mode, ".", "VITE_").VITE_TRANSOM ?? (command === "serve" ? DEMO : "");
  return {
    // Relative, so that the built page works in any folder: /demo/, for instance.
    base: "./",
    define: { "import.meta.env.VITE_TRANSOM": JSON.stringify(gateway) },
    build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
    plugins: [withPolicy(gateway)],
  };
});

/** Writes the policy into the built page; Vite's own development client would not work with it. */
function withPolicy(gateway: string): Plugin {
  return {
    name: "policy",
    apply: "build",
    transformIndexHtml: () => [
      { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: policy(gateway) }, injectTo: "head-prepend" },
    ],
  };
}
