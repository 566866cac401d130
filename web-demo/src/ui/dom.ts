// Elements in one expression. Text is only ever text: nothing here can make markup of it.

type Listener = (event: Event) => void;
type Properties = Record<string, string | number | boolean | undefined | Listener>;
type Child = Node | string | false | undefined;

/** `el("button", { type: "button", onclick: act }, "Call")`; `true` is an attribute without a value. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, properties: Properties = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), properties, children);
}

/** The same for drawings. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K, properties: Properties = {}, ...children: Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function filled<E extends Element>(element: E, properties: Properties, children: Child[]): E {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

let controls = 0;

/** A control with its label above it, and what may stand beside the label. */
export function labelled(label: string, control: HTMLElement, beside?: HTMLElement): HTMLElement {
  control.id ||= `control-${(controls += 1)}`;
  return el("div", { class: "field" },
    el("div", { class: "label spread" }, el("label", { for: control.id }, label), beside), control);
}

/** A list to choose from. */
export function choice(values: readonly (readonly [value: string, label: string])[], chosen: string): HTMLSelectElement {
  return el("select", {}, ...values.map(([value, label]) => el("option", { value, selected: value === chosen }, label)));
}

/** A card with a heading. */
export function card(title: string, ...children: Child[]): HTMLElement {
  return el("section", { class: "card" }, el("h2", {}, title), ...children);
}
