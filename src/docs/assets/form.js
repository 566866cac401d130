// The form of a message: a control for each field, built from the descriptor. Nested messages are built
// when they are asked for, so a recursive one ends where the reader does.

import { button, el, isObject, own, prose, record, unique } from "./element.js";
import { kindOf } from "./json.js";
import { list, map, single, zero } from "./many.js";
import { json, wellKnown } from "./well_known.js";

/** @import { Control, Field, Json, Page, Scope } from "./types" */

/** Messages inside each other that are opened by themselves, where they are required. */
const OPEN_DEPTH = 3;

/** Messages inside each other that have a form; deeper ones are written as JSON. */
const DEPTH_MAX = 8;

/** Fields that a request can bring along with a control each; what is beyond is written as JSON. */
const FIELDS_MAX = 1500;

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
  const scope = { page, changed, fields: 0, message: (type, depth) => inner(type, scope, depth) };
  const special = wellKnown({ name: "request", json: "request", kind: "message", type }, { id: unique("request"), label: "request" }, scope, 0);
  const whole = special ?? message(type, scope, 0);
  return {
    ...whole,
    set(value) {
      scope.fields = 0;
      return whole.set(value);
    },
  };
}

/** A message inside others: its form, or JSON where there would be no end of forms. @param {string} type @param {Scope} scope @param {number} depth @returns {Control} */
function inner(type, scope, depth) {
  scope.fields += own(scope.page.messages, type)?.fields.length ?? 0;
  if (depth <= DEPTH_MAX && scope.fields <= FIELDS_MAX) return message(type, scope, depth);
  const id = unique("deep");
  const name = type.slice(type.lastIndexOf(".") + 1);
  return json({ name, json: name, kind: "message", type }, { id, label: `${name} as JSON` }, scope, "{ }");
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
      if (value !== undefined && value !== null && !isObject(value)) return [`${type}: found ${kindOf(value)}, expected an object`];
      const given = value ?? {};
      const left = new Set(Object.keys(given));
      const complaints = [];
      /** @type {Map<string, string[]>} */
      const chosen = new Map();
      for (const field of described.fields) {
        const control = controls.get(field.json);
        // Either spelling is taken, as the gateway does.
        const key = Object.hasOwn(given, field.json) ? field.json : Object.hasOwn(given, field.name) ? field.name : undefined;
        if (key !== undefined) left.delete(key);
        if (key !== undefined && field.oneof !== undefined && isGiven(field, given[key])) {
          chosen.set(field.oneof, [...(chosen.get(field.oneof) ?? []), key]);
        }
        if (control) complaints.push(...control.set(key === undefined ? undefined : given[key]));
      }
      for (const [name, keys] of chosen) {
        if (keys.length > 1) complaints.push(`${name}: found ${keys.join(" and ")}, expected one of them; the last stays`);
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
    held ??= scope.message(field.type ?? "", depth + 1);
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
      // An open form says what there is to fill in.
      const field = fields.find((one) => one.json === json);
      if (field && control?.get() === undefined) control?.set(zero(field));
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
      // A member that was chosen is there, even if nothing is filled in.
      get: () => (chosen === field.json ? control.get() ?? zero(field) : undefined),
      set(value) {
        if (!isGiven(field, value)) {
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

/** True for a value that sets its field: null does so for the types that it is a value of. @param {Field} field @param {Json | undefined} value */
function isGiven(field, value) {
  return value !== undefined && (value !== null || field.type === "google.protobuf.Value" || field.type === "google.protobuf.NullValue");
}
