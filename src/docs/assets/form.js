// The form of a message: a control for each field, built from the descriptor. Nested messages are built
// when they are asked for, so a recursive one ends where the reader does.

import { button, el, isObject, own, prose, record, unique } from "./element.js";
import { check } from "./rules.js";
import { scalar } from "./scalar.js";
import { wellKnown } from "./well_known.js";

/** @import { Control, Field, Json, Page, Scope } from "./types" */

/** Messages inside each other that are opened by themselves, where they are required. */
const OPEN_DEPTH = 3;

/** Items of a list, and entries of a map, that a form shows. */
const ITEMS_MAX = 200;

/**
 * The form of a method's request.
 *
 * @param {Page} page
 * @param {string} type
 * @param {() => void} changed
 * @returns {Control}
 */
export function form(page, type, changed) {
  /** @type {Scope} */
  const scope = { page, changed, message: (type, depth) => message(type, scope, depth) };
  const special = wellKnown({ name: "request", json: "request", kind: "message", type }, { id: unique("request"), label: "request" }, scope, 0);
  return special ?? message(type, scope, 0);
}

/** @param {string} type @param {Scope} scope @param {number} depth @returns {Control} */
function message(type, scope, depth) {
  const described = own(scope.page.messages, type) ?? { package: "", fields: [] };
  const element = el("div", { class: "message" });
  /** @type {Map<string, Control>} */
  const controls = new Map();
  const oneofs = new Map((described.oneofs ?? []).map((one) => [one.name, one]));
  const seen = new Set();
  for (const field of described.fields) {
    if (field.output) continue;
    const one = field.oneof !== undefined && oneofs.has(field.oneof) ? field.oneof : undefined;
    if (one === undefined) {
      const control = row(field, scope, depth);
      controls.set(field.json, control);
      element.append(control.element);
    } else if (!seen.has(one)) {
      seen.add(one);
      const members = described.fields.filter((member) => member.oneof === one && !member.output);
      const control = group(one, oneofs.get(one)?.required === true, oneofs.get(one)?.comment, members, scope, depth);
      for (const [name, member] of control.members) controls.set(name, member);
      element.append(control.element);
    }
  }
  if (element.childElementCount === 0) element.append(el("p", { class: "meaning" }, "Nothing to fill in."));
  return {
    element,
    get() {
      const value = record();
      for (const [name, control] of controls) {
        const part = control.get();
        if (part !== undefined) value[name] = part;
      }
      return value;
    },
    set(value) {
      if (value !== undefined && value !== null && !isObject(value)) return [`${type}: an object is expected`];
      const given = value ?? {};
      const left = new Set(Object.keys(given));
      const complaints = [];
      for (const field of described.fields) {
        const control = controls.get(field.json);
        // Either spelling is taken, as the gateway does.
        const key = Object.hasOwn(given, field.json) ? field.json : Object.hasOwn(given, field.name) ? field.name : undefined;
        if (key !== undefined) left.delete(key);
        if (control) complaints.push(...control.set(key === undefined ? undefined : given[key]));
      }
      for (const key of left) complaints.push(`${type} has no field "${key}" that can be sent`);
      return complaints;
    },
    problems(show) {
      let count = 0;
      for (const control of new Set(controls.values())) count += control.problems(show);
      return count;
    },
  };
}

/**
 * A field with its name, what it is, and what is missing.
 *
 * @param {Field} field
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
function row(field, scope, depth) {
  const id = unique(field.json);
  const about = unique("about");
  const control = value(field, id, about, scope, depth);
  const missing = el("p", { class: "problem", hidden: true }, "required");
  const title = [
    el("span", { class: "name" }, field.json),
    el("span", { class: "type" }, typeName(field)),
    ...badges(field),
  ];
  const words = [field.comment, ...(field.words ?? []).map((word) => `Rule: ${word}.`)].filter(Boolean).join(" ");
  const hint = el("p", { class: "meaning", id: about }, ...prose(words));
  const grouped = field.type === "google.api.HttpBody" || field.type === "google.protobuf.Any";
  const simple = !grouped && control.element.querySelector(`#${id}`) !== null;
  const element = simple
    ? el("div", { class: "field" }, el("label", { for: id }, ...title), hint, control.element, missing)
    : el("fieldset", { class: "field", "aria-describedby": about }, el("legend", {}, ...title), hint, control.element, missing);
  return {
    element,
    get: control.get,
    set(value) {
      missing.hidden = true;
      return control.set(value);
    },
    problems(show) {
      const absent = field.required === true && control.get() === undefined;
      if (!absent) missing.hidden = true;
      else if (show === "show") missing.hidden = false;
      return control.problems(show) + (absent ? 1 : 0);
    },
  };
}

/** @param {Field} field */
function badges(field) {
  const marks = [];
  if (field.required) marks.push(el("span", { class: "badge required" }, "required"));
  if (field.deprecated) marks.push(el("span", { class: "badge deprecated" }, "deprecated"));
  return marks;
}

/** @param {Field} field */
function typeName(field) {
  const name = field.type?.slice(field.type.lastIndexOf(".") + 1) ?? field.kind;
  if (field.key !== undefined) return `map of ${field.key} to ${name}`;
  return field.repeated ? `list of ${name}` : name;
}

/**
 * The control of a field, whatever it is.
 *
 * @param {Field} field
 * @param {string} id
 * @param {string} about
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
function value(field, id, about, scope, depth) {
  if (field.key !== undefined) return map(field, scope, depth);
  if (field.repeated) return list(field, scope, depth);
  const place = { id, describedBy: about };
  const one = single(field, { ...place }, scope, depth);
  return one ?? nested(field, scope, depth);
}

/** @param {Field} field @param {import("./types").Place} place @param {Scope} scope @param {number} depth @returns {Control | null} */
function single(field, place, scope, depth) {
  return wellKnown(field, place, scope, depth) ?? (field.kind === "message" ? null : scalar(field, place, scope));
}

/**
 * A message inside: absent until it is added.
 *
 * @param {Field} field
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
function nested(field, scope, depth) {
  const inside = el("div", { class: "inside" });
  /** @type {Control | null} */
  let held = null;
  // A required one is open from the start, and absent as long as nothing is in it.
  let implied = false;
  const toggle = button(`Add ${field.json}`, () => {
    if (held) shut();
    else open();
    implied = false;
    scope.changed();
  }, { class: "small toggle" });
  const open = () => {
    held ??= message(field.type ?? "", scope, depth + 1);
    inside.replaceChildren(held.element);
    toggle.textContent = `Remove ${field.json}`;
    return held;
  };
  const shut = () => {
    held = null;
    inside.replaceChildren();
    toggle.textContent = `Add ${field.json}`;
  };
  const begin = () => {
    shut();
    implied = field.required === true && depth < OPEN_DEPTH;
    if (implied) open();
  };
  begin();
  return {
    element: el("div", { class: "control" }, toggle, inside),
    get() {
      const value = held?.get();
      return implied && isObject(value) && Object.keys(value).length === 0 ? undefined : value;
    },
    set(value) {
      if (value === undefined || value === null) {
        begin();
        return [];
      }
      implied = false;
      return open().set(value);
    },
    problems: (show) => held?.problems(show) ?? 0,
  };
}

/**
 * Members of a oneof: one of them, or none.
 *
 * @param {string} name
 * @param {boolean} required
 * @param {string | undefined} comment
 * @param {Field[]} fields
 * @param {Scope} scope
 * @param {number} depth
 * @returns {{ element: HTMLElement, members: Map<string, Control> }}
 */
function group(name, required, comment, fields, scope, depth) {
  const group = unique("oneof");
  const missing = el("p", { class: "problem", hidden: true }, "one of them is required");
  const element = el(
    "fieldset", { class: "field oneof" },
    el("legend", {}, el("span", { class: "name" }, name), el("span", { class: "type" }, required ? "exactly one of" : "at most one of")),
    comment ? el("p", { class: "meaning" }, ...prose(comment)) : null,
  );
  /** @type {Map<string, Control>} */
  const members = new Map();
  /** @type {{ radio: HTMLInputElement, body: HTMLElement, control: Control | null }[]} */
  const choices = [];
  let chosen = "";
  const choose = (/** @type {string} */ json) => {
    chosen = json;
    for (const { radio, body, control } of choices) {
      radio.checked = radio.value === json;
      body.hidden = radio.value !== json;
      if (radio.value !== json) control?.set(undefined);
    }
    missing.hidden = true;
  };
  const add = (/** @type {string} */ json, /** @type {Node[]} */ title, /** @type {Control | null} */ control, /** @type {Node[]} */ body) => {
    const radio = el("input", { type: "radio", name: group, id: unique(json), value: json });
    const inside = el("div", { class: "inside", hidden: true }, ...body);
    radio.addEventListener("input", () => {
      choose(json);
      // A member that was chosen is there, even if nothing is filled in.
      if (control?.get() === undefined) control?.set(blank(fields.find((field) => field.json === json), scope));
      scope.changed();
    });
    choices.push({ radio, body: inside, control });
    element.append(el("div", { class: "choice" }, el("label", { for: radio.id }, radio, ...title), inside));
  };
  add("", [el("span", {}, "none")], null, []);
  for (const field of fields) {
    const about = unique("about");
    const id = unique(field.json);
    const control = single({ ...field, presence: true }, { id, label: field.json, describedBy: about }, scope, depth) ??
      nested({ ...field, required: false }, scope, depth);
    const words = [field.comment, ...(field.words ?? []).map((word) => `Rule: ${word}.`)].filter(Boolean).join(" ");
    add(
      field.json, [el("span", { class: "name" }, field.json), el("span", { class: "type" }, typeName(field)), ...badges(field)],
      control, [el("p", { class: "meaning", id: about }, ...prose(words)), control.element],
    );
    members.set(field.json, {
      element,
      get: () => (chosen === field.json ? control.get() : undefined),
      set(value) {
        if (value === undefined) {
          if (chosen === field.json) choose("");
          return [];
        }
        choose(field.json);
        return control.set(value);
      },
      problems(show) {
        const absent = required && chosen === "" && field === fields[0];
        if (show === "show" && absent) missing.hidden = false;
        return (chosen === field.json ? control.problems(show) : 0) + (absent ? 1 : 0);
      },
    });
  }
  element.append(missing);
  choose("");
  return { element, members };
}

/** What a member of a oneof is when it was only chosen. @param {Field | undefined} field @param {Scope} scope @returns {Json | undefined} */
function blank(field, scope) {
  if (!field) return undefined;
  if (field.kind === "string") return "";
  if (field.kind === "bool") return false;
  if (field.kind === "message" && own(scope.page.messages, field.type) && !field.type?.startsWith("google.protobuf.")) return {};
  return undefined;
}

/**
 * Many of one kind.
 *
 * @param {Field} field
 * @param {Scope} scope
 * @param {number} depth
 * @returns {Control}
 */
function list(field, scope, depth) {
  const items = el("ol", { class: "items" });
  const problem = el("p", { class: "problem", hidden: true });
  /** @type {Control[]} */
  let controls = [];
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
    return controls.map((control) => control.get() ?? zero(element));
  };
  const tell = () => {
    const found = check(get() ?? [], controls.length > 0 ? field.rules : undefined);
    problem.textContent = found.join("; ");
    problem.hidden = found.length === 0;
    return found.length;
  };
  return {
    element: el("div", { class: "control" }, items, more, problem),
    get,
    set(value) {
      controls = [];
      items.replaceChildren();
      if (value === undefined || value === null) return [];
      if (!Array.isArray(value)) return [`${field.json}: a list is expected`];
      const complaints = value.slice(0, ITEMS_MAX).flatMap((item) => add().set(item));
      if (value.length > ITEMS_MAX) complaints.push(`${field.json}: the form shows ${ITEMS_MAX} of ${value.length}`);
      return complaints;
    },
    problems: (show) => tell() + controls.reduce((sum, control) => sum + control.problems(show), 0),
  };
}

/** @param {Field} field @returns {Json} */
function zero(field) {
  if (field.kind === "message") {
    const [, short] = /^google\.protobuf\.(\w+)$/.exec(field.type ?? "") ?? [];
    if (short === "Timestamp") return "1970-01-01T00:00:00Z";
    if (short === "Duration") return "0s";
    if (short === "Value") return null;
    if (short === "ListValue") return [];
    return {};
  }
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
function map(field, scope, depth) {
  const items = el("ul", { class: "items" });
  const problem = el("p", { class: "problem", hidden: true });
  /** @type {{ key: Control, value: Control }[]} */
  let entries = [];
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
    return value;
  };
  const tell = () => {
    const keys = entries.map((entry) => String(entry.key.get() ?? ""));
    const found = check(get() ?? {}, entries.length > 0 ? field.rules : undefined);
    if (new Set(keys).size < keys.length) found.push("a key is there twice");
    problem.textContent = found.join("; ");
    problem.hidden = found.length === 0;
    return found.length;
  };
  return {
    element: el("div", { class: "control" }, items, more, problem),
    get,
    set(value) {
      entries = [];
      items.replaceChildren();
      if (value === undefined || value === null) return [];
      if (!isObject(value)) return [`${field.json}: an object is expected`];
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
