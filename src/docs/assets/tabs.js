// Tabs made of sections that follow each other: without a script all of them can be read.

import { el, unique } from "./element.js";

/**
 * @param {HTMLElement} container
 * @param {string} name what they are tabs of
 * @returns {(index: number) => void} shows one
 */
export function tabs(container, name) {
  const panels = [...container.querySelectorAll(":scope > section")].filter((panel) => panel instanceof HTMLElement);
  const list = el("div", { role: "tablist", "aria-label": name, class: "tabs" });
  const heads = panels.map((panel, index) => {
    const title = panel.querySelector(":scope > h3, :scope > h4");
    panel.id ||= unique("panel");
    panel.setAttribute("role", "tabpanel");
    panel.tabIndex = 0;
    const head = el("button", { type: "button", role: "tab", id: unique("tab"), "aria-controls": panel.id }, title?.textContent ?? "");
    panel.setAttribute("aria-labelledby", head.id);
    if (title instanceof HTMLElement) title.hidden = true;
    head.addEventListener("click", () => show(index));
    head.addEventListener("keydown", (event) => {
      const last = panels.length - 1;
      const next = { ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index === 0 ? last : index - 1, Home: 0, End: last }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      show(next);
      heads[next].focus();
    });
    return head;
  });
  const show = (/** @type {number} */ shown) => {
    heads.forEach((head, index) => {
      head.setAttribute("aria-selected", String(index === shown));
      head.tabIndex = index === shown ? 0 : -1;
      panels[index].hidden = index !== shown;
    });
  };
  list.append(...heads);
  container.prepend(list);
  if (panels.length > 0) show(0);
  return show;
}
