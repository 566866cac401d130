"""What Schemathesis has to be told of streams: lines of JSON are an array of what 3.2 calls their item.

Loaded by Schemathesis itself, as `schemathesis.toml` says.
"""

import itertools
import json
import re

import schemathesis

LINES = "application/x-ndjson"

# How answers are asked for, by turns: what clients leave to the gateway, and every form of a stream.
ACCEPT = itertools.cycle(["*/*", LINES, "text/event-stream", "application/json"])


@schemathesis.hook
def before_load_schema(_, document):
    """Of lines `itemSchema` is said again as `schema` of them all, which is what is read here. The last
    line of an answer may be an error."""
    error = {"type": "object", "required": ["error"], "properties": {"error": {"$ref": "#/components/schemas/google.rpc.Status"}}}
    for item in document["paths"].values():
        for operation in item.values():
            if not isinstance(operation, dict):
                continue
            for body in (operation.get("requestBody", {}), *operation.get("responses", {}).values()):
                media = body.get("content", {}).get(LINES)
                if media and "itemSchema" in media:
                    of = media.pop("itemSchema")
                    if body is not operation.get("requestBody"):
                        of = {"anyOf": [of, error]}
                    media["schema"] = {"type": "array", "items": of}


@schemathesis.deserializer(LINES)
def read_lines(_, response):
    return [json.loads(line) for line in response.content.decode().splitlines()]


@schemathesis.serializer(LINES)
def write_lines(_, value):
    if isinstance(value, bytes):
        return value
    if not isinstance(value, list):
        value = [value]
    return "".join(json.dumps(one) + "\n" for one in value).encode()


# What asks the demo for a rest, or for a lot: it gives what it is asked for, a TiB too. Values that are
# refused stay as they are.
RESTS, AMOUNTS = ("delay", "interval"), ("count", "size")
DURATION, MOST = re.compile(r"^[0-9]+(\.[0-9]{1,9})?s$"), 20


def moderate(values):
    for name, value in values.items() if isinstance(values, dict) else ():
        if name in RESTS and isinstance(value, str) and DURATION.match(value):
            values[name] = "0.001s"
        if name in AMOUNTS:
            number = int(value) if re.match(r"^[0-9]+$", str(value)) else 0
            if number > MOST:
                values[name] = type(value)(MOST)


@schemathesis.hook
def before_call(_, case, kwargs):
    moderate(case.query)
    moderate(case.body)
    # A sensor left to itself rests a second between two readings.
    if case.path == "/v1/sensors/{sensor}/readings:watch" and isinstance(case.query, dict):
        case.query.setdefault("interval", "0.001s")
    # A download of nothing is an answer without a media type, and one that fails after its first piece is
    # broken off, as it must be.
    if case.path == "/v1/echo:download" and isinstance(case.query, dict):
        if re.match(r"^-?0*$", str(case.query.get("size", 0))):
            case.query["size"] = 1
        case.query.pop("failCode", None)
    if case.operation.definition.raw.get("x-streaming") in ("server", "bidi"):
        case.headers["accept"] = next(ACCEPT)
