// Controls for single values: numbers, text, choices. Each has one input and a line for what is wrong.

import { el, own, prose, unique } from "./element.js";
import { Exact, kindOf } from "./json.js";
import { check } from "./rules.js";

/** @import { Control, Field, Json, Keywords, Place, Scope } from "./types" */

/**
 * What an input holds: a value, nothing, or something that is none.
 *
 * @typedef {{ value?: Json, problem?: string }} Reading
 */

const WIDTH_32 = 2 ** 31;

/** @type {Record<string, [bigint, bigint]>} */
const INTEGERS = {
  int32: [-BigInt(WIDTH_32), BigInt(WIDTH_32) - 1n],
  uint32: [0n, 2n * BigInt(WIDTH_32) - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** Which of these four an integer kind is like. @type {Record<string, string>} */
const LIKE = {
  int32: "int32", sint32: "int32", sfixed32: "int32", uint32: "uint32", fixed32: "uint32",
  int64: "int64", sint64: "int64", sfixed64: "int64", uint64: "uint64", fixed64: "uint64",
};

/**
 * The control of a scalar or enum.
 *
 * @param {Field} field
 * @param {Place} place
 * @param {Scope} scope
 * @returns {Control}
 */
export function scalar(field, place, scope) {
  if (field.kind === "bool") return field.presence ? choice(["true", "false"], field, place, scope) : tick(field, place, scope);
  if (field.kind === "enum") return enumeration(field, place, scope);
  if (field.kind === "string") return field.presence ? maybeText(field, place, scope) : textInput(field, place, scope);
  const like = own(LIKE, field.kind);
  const read = like ? integer(like) : decimal;
  return line({ field, place, scope, read, hint: field.kind, mode: like ? "numeric" : "decimal", takes: "a number" });
}

/**
 * A line of text that has to be read; empty is absent.
 *
 * @param {{ field: Field, place: Place, scope: Scope, read: (text: string) => Reading, hint?: string, mode?: string, takes?: string }} options
 * @returns {Control & { input: HTMLInputElement }}
 */
export function line({ field, place, scope, read, hint, mode, takes = "a text" }) {
  const input = el("input", {
    id: place.id, type: "text", autocomplete: "off", spellcheck: "false", inputmode: mode, placeholder: hint,
    "aria-label": place.label,
  });
  const rest = judged(input, place, field.rules, scope, () => (input.value.trim() === "" ? {} : read(input.value.trim())));
  return {
    ...rest,
    input,
    set(value) {
      input.value = value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
      rest.problems("count");
      return fits(value, takes, field);
    },
  };
}

/**
 * An input with the line that says what is wrong with it, kept while typing.
 *
 * @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} input
 * @param {Place} place
 * @param {Keywords | undefined} rules
 * @param {Scope} scope
 * @param {() => Reading} read
 * @param {HTMLElement[]} more what stands beside the input
 */
export function judged(input, place, rules, scope, read, ...more) {
  const problem = el("p", { class: "problem", id: unique("problem"), hidden: true });
  input.setAttribute("aria-describedby", [place.describedBy, problem.id].filter(Boolean).join(" "));
  const found = () => {
    const { value, problem } = read();
    if (problem) return [problem];
    return value === undefined ? [] : check(value, rules);
  };
  const tell = () => {
    const problems = found();
    problem.textContent = problems.join("; ");
    problem.hidden = problems.length === 0;
    if (problems.length > 0) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    return problems.length;
  };
  input.addEventListener("input", () => {
    tell();
    scope.changed();
  });
  return {
    element: el("div", { class: "control" }, input, ...more, problem),
    /** @returns {Json | undefined} */
    get() {
      const { value, problem } = read();
      // What cannot be read is sent as it was typed: the answer then says what the gateway thinks of it.
      return problem ? input.value : value;
    },
    /** @param {"show" | "count"} _show */
    problems(_show) {
      return tell();
    },
  };
}

/** @param {Field} field @param {Place} place @param {Scope} scope @returns {Control} */
function textInput(field, place, scope) {
  const long = typeof field.rules?.maxLength === "number" && field.rules.maxLength > 200;
  const attributes = { id: place.id, autocomplete: "off", spellcheck: "false", "aria-label": place.label };
  const input = long ? el("textarea", { ...attributes, rows: 3 }) : el("input", { ...attributes, type: field.secret ? "password" : "text" });
  return {
    ...judged(input, place, field.rules, scope, () => (input.value === "" ? {} : { value: input.value })),
    set(value) {
      input.value = value === undefined || value === null ? "" : asText(value);
      return fits(value, "a text", field);
    },
  };
}

/** Text that may be empty without being absent: a tick says that it is there. */
/** @param {Field} field @param {Place} place @param {Scope} scope @returns {Control} */
function maybeText(field, place, scope) {
  const input = el("input", {
    id: place.id, type: field.secret ? "password" : "text", autocomplete: "off", spellcheck: "false", "aria-label": place.label,
  });
  const there = el("input", { type: "checkbox", id: unique("set") });
  const label = el("label", { class: "beside", for: there.id }, there, "send, even if empty");
  input.addEventListener("input", () => (there.checked = there.checked || input.value !== ""), { capture: true });
  const rest = judged(input, place, field.rules, scope, () => (there.checked ? { value: input.value } : {}), label);
  there.addEventListener("input", () => {
    if (!there.checked) input.value = "";
    rest.problems("show");
    scope.changed();
  });
  return {
    ...rest,
    set(value) {
      there.checked = value !== undefined && value !== null;
      input.value = there.checked ? asText(value) : "";
      return fits(value, "a text", field);
    },
  };
}

/** @param {Field} field @param {Place} place @param {Scope} scope @returns {Control} */
function tick(field, place, scope) {
  const input = el("input", { id: place.id, type: "checkbox", "aria-label": place.label, "aria-describedby": place.describedBy });
  input.addEventListener("input", scope.changed);
  return {
    element: el("div", { class: "control" }, input),
    get: () => (input.checked ? true : undefined),
    set(value) {
      input.checked = value === true;
      return fits(value, "true or false", field);
    },
    problems: () => 0,
  };
}

/**
 * A choice of a few JSON values, or nothing.
 *
 * @param {string[]} values
 * @param {Field} field
 * @param {Place} place
 * @param {Scope} scope
 * @returns {Control}
 */
export function choice(values, field, place, scope) {
  const input = el(
    "select", { id: place.id, "aria-label": place.label },
    el("option", { value: "" }, "not set"),
    ...values.map((value) => el("option", { value }, value)),
  );
  return {
    ...judged(input, place, field.rules, scope, () => (input.value === "" ? {} : { value: JSON.parse(input.value) })),
    set(value) {
      const text = value === undefined || value === null ? "" : JSON.stringify(value);
      const known = text === "" || values.includes(text);
      input.value = known ? text : "";
      return known ? [] : [`${field.json}: found ${kindOf(/** @type {Json} */ (value))}, expected ${values.join(" or ")}`];
    },
  };
}

/** @param {Field} field @param {Place} place @param {Scope} scope @returns {Control} */
function enumeration(field, place, scope) {
  const values = own(scope.page.enums, field.type)?.values ?? [];
  const input = el(
    "select", { id: place.id, "aria-label": place.label },
    el("option", { value: "" }, "not set"),
    ...values.map(({ name, deprecated }) => el("option", { value: name }, deprecated ? `${name} (deprecated)` : name)),
  );
  const meaning = el("p", { class: "meaning", "aria-live": "polite" });
  const explain = () => meaning.replaceChildren(...prose(values.find(({ name }) => name === input.value)?.comment ?? ""));
  input.addEventListener("input", explain);
  // A number that has no name is a value too.
  const read = () => (input.value === "" ? {} : { value: /^-?\d+$/.test(input.value) ? Number(input.value) : input.value });
  const rest = judged(input, place, field.rules, scope, read, meaning);
  return {
    ...rest,
    set(value) {
      const name = values.find(({ number }) => number === value)?.name ?? (value === undefined || value === null ? "" : asText(value));
      if (![...input.options].some((option) => option.value === name)) input.append(el("option", { value: name }, name));
      input.value = name;
      explain();
      return typeof value === "number" ? [] : fits(value, "a text", field);
    },
  };
}

/** A value as an input has it. @param {Json | undefined} value */
function asText(value) {
  return typeof value === "string" || value === undefined ? value ?? "" : JSON.stringify(value);
}

/**
 * What is wrong with a value that is of another kind than a control's; it is sent as the control has it.
 *
 * @param {Json | undefined} value
 * @param {string} takes "a text", "a number" or "true or false"
 * @param {Field} field
 * @returns {string[]}
 */
function fits(value, takes, field) {
  if (value === undefined || value === null) return [];
  const exact = /** @type {unknown} */ (value) instanceof Exact;
  if (takes === "true or false" ? typeof value === "boolean" : typeof value === "string") return [];
  if (takes === "a number" && (exact || typeof value === "number")) return [];
  return [`${field.json}: found ${kindOf(value)}, expected ${takes}`];
}

/** @param {string} like @returns {(text: string) => Reading} */
function integer(like) {
  const [least, most] = INTEGERS[like];
  return (text) => {
    if (!/^[+-]?\d+$/.test(text)) return { problem: "a whole number is expected" };
    const number = BigInt(text.replace(/^\+/, ""));
    if (number < least || number > most) return { problem: `between ${least} and ${most}` };
    return { value: like.endsWith("64") ? String(number) : Number(number) };
  };
}

/** @param {string} text @returns {Reading} */
function decimal(text) {
  if (["NaN", "Infinity", "-Infinity"].includes(text)) return { value: text };
  const number = Number(text);
  // JSON of JavaScript has no zero with a sign; the gateway reads numbers in text too.
  if (Object.is(number, -0)) return { value: "-0" };
  return Number.isFinite(number) ? { value: number } : { problem: "a number is expected, or NaN, Infinity, -Infinity" };
}
