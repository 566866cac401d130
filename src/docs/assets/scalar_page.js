// @ts-check
// Starts Scalar with everything off that would ask another host: fonts, telemetry, assistants, tools.

(() => {
  "use strict";

  const place = document.getElementById("scalar");
  const { Scalar } = /** @type {any} */ (globalThis);
  if (!place || !Scalar) return;
  Scalar.createApiReference(place, {
    sources: JSON.parse(place.dataset.sources ?? "[]"),
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    showDeveloperTools: "never",
    hideClientButton: true,
    persistAuth: false,
  });
})();
