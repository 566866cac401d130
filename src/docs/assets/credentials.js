// Headers that go along with a call, the caller's credentials among them, and its deadline. They live in
// these inputs alone: no link, no history, no store of the browser has them.

import { button, el, unique } from "./element.js";

/** @import { Pairs } from "./types" */

/** Headers of the reader's own. */
const HEADERS_MAX = 30;

const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/**
 * @param {() => void} changed
 * @returns {{ element: HTMLElement, headers(): Pairs, deadline(): number | null }}
 */
export function credentials(changed) {
  const authorization = el("input", {
    id: unique("authorization"), type: "password", autocomplete: "off", spellcheck: "false", placeholder: "Bearer …",
  });
  const deadline = el("input", { id: unique("deadline"), type: "text", inputmode: "decimal", autocomplete: "off", placeholder: "the gateway's default" });
  const problem = el("p", { class: "problem", hidden: true, id: unique("problem") });
  deadline.setAttribute("aria-describedby", problem.id);
  const rows = el("ul", { class: "items" });
  /** @type {{ name: HTMLInputElement, value: HTMLInputElement }[]} */
  let pairs = [];
  const add = button("Add a header", () => {
    if (pairs.length >= HEADERS_MAX) return;
    const name = el("input", { type: "text", autocomplete: "off", spellcheck: "false", "aria-label": "Name of a header", placeholder: "x-tenant" });
    const value = el("input", { type: "text", autocomplete: "off", spellcheck: "false", "aria-label": "Value of a header" });
    const pair = { name, value };
    const item = el("li", { class: "entry" }, name, value, button("Remove", () => {
      pairs = pairs.filter((one) => one !== pair);
      item.remove();
      changed();
    }, { class: "small", "aria-label": "Remove this header" }));
    name.addEventListener("input", changed);
    value.addEventListener("input", changed);
    pairs.push(pair);
    rows.append(item);
    name.focus();
  }, { class: "small" });
  authorization.addEventListener("input", changed);
  deadline.addEventListener("input", () => {
    const wrong = deadline.value !== "" && seconds() === null;
    problem.textContent = wrong ? "seconds are expected, such as 1.5" : "";
    problem.hidden = !wrong;
    if (wrong) deadline.setAttribute("aria-invalid", "true");
    else deadline.removeAttribute("aria-invalid");
  });
  const seconds = () => {
    const value = Number(deadline.value);
    return deadline.value.trim() !== "" && Number.isFinite(value) && value > 0 ? value : null;
  };
  const element = el(
    "details", { class: "part" },
    el("summary", {}, "Headers and deadline"),
    el("div", { class: "field" }, el("label", { for: authorization.id }, el("span", { class: "name" }, "authorization")),
      el("p", { class: "meaning" }, "Kept in this page's memory until you leave it."), authorization),
    el("div", { class: "field" }, el("label", { for: deadline.id }, el("span", { class: "name" }, "deadline"), el("span", { class: "type" }, "seconds")), deadline, problem),
    rows, add,
  );
  return {
    element,
    headers() {
      const given = /** @type {Pairs} */ (pairs.map(({ name, value }) => [name.value.trim(), value.value.trim()]).filter(([name]) => NAME.test(name)));
      const value = authorization.value.trim();
      return value === "" ? given : [["authorization", value], ...given];
    },
    deadline() {
      const value = seconds();
      return value === null ? null : Math.max(1, Math.round(value * 1000));
    },
  };
}
