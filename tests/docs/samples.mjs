// The page's script fills templates as the gateway does: the same text for the same request, for every
// method of the demo.

import { fill, values } from "./assets/samples.js";

export async function samples({ tab, origin, check }) {
  await check("samples of the script are those of the gateway", async () => {
    await tab.goto(`${origin}/docs`);
    const links = await tab.evaluate(async () => {
      const index = await (await fetch("/docs/llms.txt")).text();
      return [...new Set(index.match(/\/docs\/[\w.]+\/\w+\/\w+(?=\.md)/g))];
    });
    let compared = 0;
    const differences = [];
    for (const link of links) {
      const { page, shown } = await tab.evaluate(async (link) => {
        const text = await (await fetch(link)).text();
        const parsed = new DOMParser().parseFromString(text, "text/html");
        const data = parsed.getElementById("try-data");
        const shown = [...parsed.querySelectorAll("[data-sample]")].map((code) => code.textContent);
        return { page: data && JSON.parse(data.textContent), shown };
      }, link);
      if (!page) continue;
      const told = values(page, page.operations[0] ?? null, [page.example], page.servers[0], []);
      for (const [index, template] of page.samples.entries()) {
        compared += 1;
        const made = fill(template, told, [], page);
        if (made !== shown[index]) differences.push(`${link} ${template.label}:\n${made}\n--- the gateway:\n${shown[index]}`);
      }
    }
    if (compared < 100) throw new Error(`only ${compared} samples were found`);
    if (differences.length > 0) throw new Error(`${differences.length} of ${compared} differ, the first: ${differences[0]}`);
  });
}
