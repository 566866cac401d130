// The frame around the pages: which one is shown, and what its calls are made by.

import { type Dialect, DIALECTS } from "./calls/dialects";
import { GATEWAY } from "./gateway";
import { chat } from "./pages/chat";
import { failures } from "./pages/failures";
import { files } from "./pages/files";
import { library } from "./pages/library";
import type { Page } from "./pages/page";
import { telemetry } from "./pages/telemetry";
import { choice, el, labelled, svg } from "./ui/dom";
import "./style/base.css";
import "./style/controls.css";
import "./style/pages.css";

const PAGES: readonly [Page, ...Page[]] = [library, failures, chat, telemetry, files];

const picker = choice(DIALECTS.map(({ id, label }) => [id, label]), DIALECTS[0].id);
const picking = labelled("Calls travel as", picker);
const links = PAGES.map(({ id, title }) => el("a", { href: `#/${id}` }, title));
const main = el("main", { id: "main", tabindex: -1 });
let leave = new AbortController();

/** Shows the page that the address names, from the beginning; what the one before was doing ends. */
function show(): void {
  const page = PAGES.find(({ id }) => location.hash === `#/${id}`) ?? PAGES[0];
  const dialect: Dialect = DIALECTS.find(({ id }) => id === picker.value) ?? DIALECTS[0];
  leave.abort();
  leave = new AbortController();
  links.forEach((link, index) => {
    if (PAGES[index] === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  picking.hidden = !page.usesDialect;
  document.title = `${page.title} · Transom web demo`;
  const root = el("div", {});
  main.replaceChildren(el("header", {}, el("h1", {}, page.title), el("p", { class: "lead" }, page.lead)), root);
  page.show({ root, dialect, signal: leave.signal });
}

addEventListener("hashchange", () => {
  if (location.hash === "#main") return;
  show();
  main.focus();
  scrollTo(0, 0);
});
picker.addEventListener("change", show);

document.body.append(
  el("a", { class: "skip", href: "#main", onclick: (event) => { event.preventDefault(); main.focus(); } }, "Skip to the page"),
  el("aside", {},
    el("a", { class: "brand", href: "#/library" }, mark(), "Transom"),
    el("nav", { "aria-label": "Pages" }, ...links),
    picking,
    el("p", { class: "dim where" }, "The gateway is at ", el("code", {}, GATEWAY))),
  main,
);
show();

/** A door, and the window above it. */
function mark(): SVGElement {
  return svg("svg", { viewBox: "0 0 32 32", width: 28, height: 28, "aria-hidden": "true" },
    svg("path", { class: "mark-frame", d: "M5 30V14a11 11 0 0 1 22 0v16" }),
    svg("path", { class: "mark-frame", d: "M5 15h22M16 4v11M16 15 8 7.500M16 15l8-7.500" }),
    svg("path", { class: "mark-door", d: "M10 30V19h12v11z" }));
}
