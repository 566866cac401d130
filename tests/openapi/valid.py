"""Says whether OpenAPI documents are valid, thousands of them in minutes.

    valid.py FILE_OR_FOLDER…

What the official JSON Schemas of 3.0, 3.1 and 3.2 ask for, by `jsonschema-rs`; of 3.1 and 3.2 JSON
Schema's own metaschema for every Schema Object. Beside them what no JSON Schema can say: that references
lead somewhere, that operations have ids of their own, that a path's parameters are those of its
template, that no two templates differ in names alone, and that examples and defaults are what their
schemas say. The validators of other makers say more, and take minutes where this takes a second.
"""

import functools
import importlib.resources
import json
import pathlib
import re
import sys

import jsonschema_rs

# Faults shown of one document.
SHOWN = 5

VERBS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
TEMPLATED = re.compile(r"\{([^{}]*)\}")


def resource(package, path):
    return json.loads(importlib.resources.files(package).joinpath(path).read_text())


@functools.cache
def official(version):
    """The validator of a whole document."""
    schema = resource("openapi_spec_validator", f"resources/schemas/v{version}/schema.json")
    return jsonschema_rs.validator_for(schema, validate_formats=False)


@functools.cache
def schema_object():
    """The validator of one Schema Object of 3.1 and 3.2, as far as it is JSON Schema."""
    base = "https://json-schema.org/draft/2020-12/schema"
    return jsonschema_rs.validator_for({"$schema": base, "$ref": base}, validate_formats=False)


def faults(document):
    """What is wrong with a document."""
    version = document.get("openapi", "")[:3]
    if version not in ("3.0", "3.1", "3.2"):
        return [f"openapi: found {document.get('openapi')!r}, expected 3.0, 3.1 or 3.2"]
    found = [f"{pointer(error.instance_path)}: {error.message[:300]}" for error in official(version).iter_errors(document)]
    if version != "3.0":
        for place, schema in schemas(document):
            found += [
                f"{place}{pointer(error.instance_path)}: {error.message[:300]}"
                for error in schema_object().iter_errors(schema)
            ]
    found += references(document)
    found += operations(document)
    if not found:
        found += examples(document, version)
    return found


def pointer(path):
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def schemas(document):
    """Every outermost Schema Object and where it stands."""
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield f"/components/schemas/{name}", schema

    def within(value, place):
        if isinstance(value, list):
            for at, inner in enumerate(value):
                yield from within(inner, f"{place}/{at}")
        elif isinstance(value, dict):
            for name, inner in value.items():
                if name in ("schema", "itemSchema") and isinstance(inner, (dict, bool)):
                    yield f"{place}/{name}", inner
                elif name not in ("example", "examples") and not name.startswith("x-"):
                    yield from within(inner, f"{place}/{name}")

    yield from within(document.get("paths", {}), "/paths")
    for part, value in document.get("components", {}).items():
        if part != "schemas":
            yield from within(value, f"/components/{part}")


def references(document):
    """References that lead nowhere, or outside."""
    known, found = {}, []

    def leads(reference):
        if not reference.startswith("#/"):
            return False
        at = document
        for part in reference[2:].split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(at, dict) or part not in at:
                return False
            at = at[part]
        return True

    rest = [document]
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest += value
        elif isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str) and not known.setdefault(reference, leads(reference)):
                found.append(f"$ref: found {reference}, which leads nowhere")
            rest += [inner for name, inner in value.items() if name not in ("example", "default", "enum", "const")]
    return found


def operations(document):
    """Ids that are taken, and parameters that are not those of their path."""
    found, ids, shapes = [], set(), {}
    for path, item in document.get("paths", {}).items():
        shape = TEMPLATED.sub("{}", path)
        if shape in shapes:
            found.append(f"{path}: differs from {shapes[shape]} in names alone")
        shapes[shape] = path
        names = TEMPLATED.findall(path)
        if len(set(names)) != len(names):
            found.append(f"{path}: a name twice")
        more = {**item.get("additionalOperations", {}), **item.get("x-additionalOperations", {})}
        for verb, operation in [*((verb, item[verb]) for verb in VERBS if verb in item), *more.items()]:
            name = operation.get("operationId")
            if name in ids:
                found.append(f"{verb} {path}: operationId {name} is taken")
            ids.add(name)
            parameters = [(p["in"], p["name"]) for p in operation.get("parameters", []) if "in" in p]
            if len(set(parameters)) != len(parameters):
                found.append(f"{verb} {path}: a parameter twice")
            of_path = sorted(name for way, name in parameters if way == "path")
            if of_path != sorted(names):
                found.append(f"{verb} {path}: found parameters {of_path} of the path, expected {sorted(names)}")
    return found


# Members of a schema that are a schema, a list of them, and schemas by name.
ONE = ("items", "additionalProperties", "propertyNames", "not")
LIST = ("allOf", "anyOf", "oneOf")
NAMED = ("properties", "dependentSchemas")


def examples(document, version):
    """Examples and defaults that their own schemas refuse. A schema of 3.0 is read as far as JSON
    Schema's draft 4 has its words, which it was made from."""
    found = []
    root = "urn:document"
    draft = jsonschema_rs.Draft4Validator if version == "3.0" else jsonschema_rs.Draft202012Validator
    registry = jsonschema_rs.Registry(
        [(root, document)], draft=jsonschema_rs.Draft4 if version == "3.0" else jsonschema_rs.Draft202012
    )

    def absolute(value):
        if isinstance(value, list):
            return [absolute(inner) for inner in value]
        if isinstance(value, dict):
            return {
                name: root + inner if name == "$ref" and isinstance(inner, str) else absolute(inner)
                for name, inner in value.items()
            }
        return value

    def within(schema, place):
        if not isinstance(schema, dict):
            return
        shown = [(name, schema[name]) for name in ("default", "example") if name in schema]
        shown += [("examples", one) for one in schema.get("examples", []) if isinstance(schema.get("examples"), list)]
        for name, value in shown:
            if value is None and schema.get("nullable"):
                continue
            for error in draft(absolute(schema), registry=registry).iter_errors(value):
                found.append(f"{place}/{name}: {error.message[:300]}")
        for name in ONE:
            within(schema.get(name), f"{place}/{name}")
        for name in LIST:
            for at, inner in enumerate(schema.get(name, [])):
                within(inner, f"{place}/{name}/{at}")
        for name in NAMED:
            for key, inner in schema.get(name, {}).items():
                within(inner, f"{place}/{name}/{key}")

    for place, schema in schemas(document):
        within(schema, place)
    return found


def documents(paths):
    for path in map(pathlib.Path, paths):
        yield from sorted(path.rglob("*.json")) if path.is_dir() else [path]


def main():
    count = wrong = 0
    for path in documents(sys.argv[1:]):
        count += 1
        found = faults(json.loads(path.read_bytes()))
        if found:
            wrong += 1
            print(f"{path}: {len(found)} faults")
            for fault in found[:SHOWN]:
                print(f"    {fault}")
    print(f"{count} documents, {count - wrong} valid, {wrong} not")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
