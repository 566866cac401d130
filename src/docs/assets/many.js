// Controls of fields that hold many values: lists, and maps.

import { button, el, isObject, record, unique } from "./element.js";
import { kindOf } from "./json.js";
import { check } from "./rules.js";
import { scalar } from "./scalar.js";
import { wellKnown } from "./well_known.js";

/** @import { Control, Field, Json, Place, Scope } from "./types" */

/** Items of a list, and entries of a map, that a form shows. */
const ITEMS_MAX = 200;

/**
 * The control of one value, or null where it is a message with a form of its own.
 *
 * @param {Field} field
 * @param {Place} place
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control | null}
 */
export function single(field, place, scope, depth) {
  return wellKnown(field, place, scope, depth) ?? (field.kind === "message" ? null : scalar(field, place, scope));
}

/**
 * Many of one kind.
 *
 * @param {Field} field
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
export function list(field, scope, depth) {
  const items = el("ol", { class: "items" });
  const problem = el("p", { class: "problem", hidden: true });
  const rest = el("p", { class: "meaning" });
  /** @type {Control[]} */
  let controls = [];
  /** What does not fit into the form, as it was given. @type {Json[]} */
  let others = [];
  const element = { ...field, repeated: false, required: false, presence: false, rules: isObject(field.rules?.items) ? field.rules.items : undefined };
  const add = () => {
    const label = `${field.json} ${controls.length + 1}`;
    const control = single(element, { id: unique(field.json), label }, scope, depth) ?? scope.message(field.type ?? "", depth + 1);
    const item = el("li", {}, control.element);
    const remove = button("Remove", () => {
      controls = controls.filter((one) => one !== control);
      item.remove();
      more.focus();
      tell();
      scope.changed();
    }, { class: "small", "aria-label": `Remove ${label}` });
    item.append(remove);
    controls.push(control);
    items.append(item);
    return control;
  };
  const more = button(`Add to ${field.json}`, () => {
    if (controls.length >= ITEMS_MAX) return;
    const control = add();
    control.element.querySelector("input, select, textarea, button")?.dispatchEvent(new Event("focus"));
    /** @type {HTMLElement | null} */ (control.element.querySelector("input, select, textarea, button"))?.focus();
    tell();
    scope.changed();
  }, { class: "small" });
  const get = () => {
    if (controls.length === 0) return undefined;
    // A list has no holes: an item that nothing was typed into is its kind's zero.
    return [...controls.map((control) => control.get() ?? zero(element)), ...others];
  };
  const tell = () => {
    const found = check(get() ?? [], controls.length > 0 ? field.rules : undefined);
    problem.textContent = found.join("; ");
    problem.hidden = found.length === 0;
    return found.length;
  };
  return {
    element: el("div", { class: "control" }, items, rest, more, problem),
    get,
    set(value) {
      controls = [];
      others = [];
      rest.textContent = "";
      items.replaceChildren();
      if (value === undefined || value === null) return [];
      if (!Array.isArray(value)) return [`${field.json}: found ${kindOf(value)}, expected a list`];
      const complaints = value.slice(0, ITEMS_MAX).flatMap((item) => add().set(item));
      others = value.slice(ITEMS_MAX);
      if (others.length > 0) rest.textContent = `${others.length} more go along as they are; JSON shows them.`;
      return complaints;
    },
    problems: (show) => tell() + controls.reduce((sum, control) => sum + control.problems(show), 0),
  };
}

/** What a value is that nothing was typed into. @param {Field} field @returns {Json} */
export function zero(field) {
  if (field.kind === "message") {
    const [, short = ""] = /^google\.protobuf\.(\w+)$/.exec(field.type ?? "") ?? [];
    if (short === "Timestamp") return "1970-01-01T00:00:00Z";
    if (short === "Duration") return "0s";
    if (short === "Value") return null;
    if (short === "ListValue") return [];
    if (short === "BoolValue") return false;
    if (["FieldMask", "StringValue", "BytesValue"].includes(short)) return "";
    return short.endsWith("Value") ? 0 : {};
  }
  if (field.type === "google.protobuf.NullValue") return null;
  if (field.kind === "bool") return false;
  if (field.kind === "enum") return 0;
  return field.kind === "string" || field.kind === "bytes" ? "" : 0;
}

/**
 * Entries with a key each.
 *
 * @param {Field} field
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
export function map(field, scope, depth) {
  const items = el("ul", { class: "items" });
  const problem = el("p", { class: "problem", hidden: true });
  const rest = el("p", { class: "meaning" });
  /** @type {{ key: Control, value: Control }[]} */
  let entries = [];
  /** What does not fit into the form, as it was given. */
  let others = record();
  const names = { name: "key", json: "key", kind: field.key ?? "string", rules: isObject(field.rules?.propertyNames) ? field.rules.propertyNames : undefined };
  const values = {
    ...field, key: undefined, required: false, presence: false,
    rules: isObject(field.rules?.additionalProperties) ? field.rules.additionalProperties : undefined,
  };
  const add = () => {
    const label = `${field.json}, entry ${entries.length + 1}`;
    const key = scalar({ ...names, presence: names.kind === "bool" }, { id: unique("key"), label: `Key of ${label}` }, scope);
    const value = single(values, { id: unique("value"), label: `Value of ${label}` }, scope, depth) ?? scope.message(field.type ?? "", depth + 1);
    const entry = { key, value };
    const item = el("li", { class: "entry" }, key.element, value.element);
    item.append(button("Remove", () => {
      entries = entries.filter((one) => one !== entry);
      item.remove();
      more.focus();
      tell();
      scope.changed();
    }, { class: "small", "aria-label": `Remove ${label}` }));
    entries.push(entry);
    items.append(item);
    return entry;
  };
  const more = button(`Add to ${field.json}`, () => {
    if (entries.length >= ITEMS_MAX) return;
    const { key } = add();
    /** @type {HTMLElement | null} */ (key.element.querySelector("input, select"))?.focus();
    tell();
    scope.changed();
  }, { class: "small" });
  const get = () => {
    if (entries.length === 0) return undefined;
    const value = record();
    for (const entry of entries) value[String(entry.key.get() ?? (names.kind === "string" ? "" : zero(names)))] = entry.value.get() ?? zero(values);
    return Object.assign(value, others);
  };
  const tell = () => {
    const keys = entries.map((entry) => String(entry.key.get() ?? ""));
    const found = check(get() ?? {}, entries.length > 0 ? field.rules : undefined);
    if (new Set(keys).size < keys.length) found.push("a key is there twice: the last of them is sent");
    problem.textContent = found.join("; ");
    problem.hidden = found.length === 0;
    return found.length;
  };
  return {
    element: el("div", { class: "control" }, items, rest, more, problem),
    get,
    set(value) {
      entries = [];
      others = record();
      rest.textContent = "";
      items.replaceChildren();
      if (value === undefined || value === null) return [];
      if (!isObject(value)) return [`${field.json}: found ${kindOf(value)}, expected an object`];
      const beyond = Object.entries(value).slice(ITEMS_MAX);
      for (const [key, held] of beyond) others[key] = held;
      if (beyond.length > 0) rest.textContent = `${beyond.length} more go along as they are; JSON shows them.`;
      const complaints = [];
      for (const [key, held] of Object.entries(value).slice(0, ITEMS_MAX)) {
        const entry = add();
        entry.key.set(names.kind === "bool" ? key === "true" : key);
        complaints.push(...entry.value.set(held));
      }
      return complaints;
    },
    problems: (show) => tell() + entries.reduce((sum, { key, value }) => sum + key.problems(show) + value.problems(show), 0),
  };
}
