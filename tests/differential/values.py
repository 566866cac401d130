"""Random values of fields, as JSON text and as the text of a path or query.

Everything here is valid ProtoJSON. A spelling that a parser may well get wrong leaves a *trait* with
the case, so that a difference can be told by what was sent.
"""

import base64
import json

INTEGERS = {
    "int32": (-(2**31), 2**31 - 1), "sint32": (-(2**31), 2**31 - 1), "sfixed32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1), "sint64": (-(2**63), 2**63 - 1), "sfixed64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1), "fixed32": (0, 2**32 - 1), "uint64": (0, 2**64 - 1), "fixed64": (0, 2**64 - 1),
}
KINDS = {
    1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool",
    9: "string", 11: "message", 12: "bytes", 13: "uint32", 14: "enum", 15: "sfixed32", 16: "sfixed64",
    17: "sint32", 18: "sint64",
}
PREFIX = "google.protobuf."
WRAPPED = {
    "BoolValue": "bool", "Int32Value": "int32", "Int64Value": "int64", "UInt32Value": "uint32",
    "UInt64Value": "uint64", "FloatValue": "float", "DoubleValue": "double", "StringValue": "string",
    "BytesValue": "bytes",
}
WORDS = ["a", "book", "Läufer", "naïve café", "日本", "🦀", "x y", "tab\there", 'quo"te', "back\\slash", "</script>",
         "a/b", "100%", "a+b", "a&b=c", "", "null", "true", "0", "é́", "\u007f", "\u2028", "#frag?", "{}", "[1]", "'"]


def kind_of(field):
    """The name of a scalar kind, `enum`, the short name of a well-known type, or `message`."""
    kind = KINDS[field.type]
    if kind == "message" and field.message_type.full_name.startswith(PREFIX):
        return field.message_type.full_name[len(PREFIX):]
    return kind


def is_map(field):
    return field.type == 11 and field.message_type.GetOptions().map_entry


def is_list(field):
    return field.is_repeated and not is_map(field)


class Values:
    """Draws values; `traits` collects what is special about them. `small`: integers that may be codes."""

    def __init__(self, random):
        self.random = random
        self.traits = set()
        self.small = False

    def rarely(self, trait, chance=0.04):
        """True now and then, and then the trait is noted."""
        if self.random.random() < chance:
            self.traits.add(trait)
            return True
        return False

    def word(self):
        if self.random.random() < 0.5:
            return "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz0123456789-_", k=self.random.randint(1, 10)))
        return self.random.choice(WORDS) + self.random.choice(["", "", self.random.choice(WORDS)])

    def integer(self, kind):
        low, high = INTEGERS[kind]
        if self.small:
            return self.random.randint(0, 18)
        chosen = self.random.random()
        if chosen < 0.2:
            return self.random.choice([low, high, 0, 1])
        if chosen < 0.6:
            return self.random.randint(max(low, -1000), 1000)
        return self.random.randint(low, high)

    def decimal(self, kind):
        """A finite number that `float` and `double` both hold."""
        value = self.random.choice([0.0, 1.5, -2.25, 1e10, 0.1, 3.0, 123456.789, 1e-7, 1e30, -0.5])
        if kind == "double" and self.random.random() < 0.4:
            value = self.random.choice([self.random.uniform(-1e6, 1e6), 1.7976931348623157e308, 5e-324, 2.0**53 + 2])
        return repr(value)

    def seconds(self, low, high):
        """Seconds with up to nine digits of fraction."""
        digits = self.random.choice([0, 0, 1, 3, 6, 9])
        fraction = "".join(self.random.choices("0123456789", k=digits))
        return str(self.random.randint(low, high)) + (f".{fraction}" if digits else "")

    def blob(self):
        raw = bytes(self.random.randrange(256) for _ in range(self.random.randint(0, 12)))
        text = base64.b64encode(raw).decode()
        if self.rarely("bytes:url", 0.1):
            text = text.replace("+", "-").replace("/", "_")
        if self.rarely("bytes:unpadded", 0.1):
            text = text.rstrip("=")
        return text

    def timestamp(self):
        text = (f"{self.random.choice([1, 1600, 1969, 1970, 2024, 9999]):04}-{self.random.randint(1, 12):02}-"
                f"{self.random.randint(1, 28):02}T{self.random.randint(0, 23):02}:{self.random.randint(0, 59):02}:")
        seconds = self.seconds(10, 59)
        zone = "Z"
        if not text.startswith(("0001", "9999")) and self.rarely("timestamp:offset", 0.1):
            zone = self.random.choice(["+01:00", "-08:30", "+00:00", "-00:00"])
        return text + seconds + zone

    def duration(self):
        return self.random.choice(["", "", "-"]) + self.seconds(0, self.random.choice([5, 1000, 315_576_000_000 - 1])) + "s"

    def mask(self):
        paths = ["text", "leaf.name", "unNumber", "child.leaf.leaf.tags", "maybeI32"]
        return ",".join(self.random.sample(paths, self.random.randint(0, 3)))

    def plain(self, kind, field=None):
        """A value as the text of a path, a query or a JSON string, and whether JSON needs the quotes."""
        if kind in WRAPPED:
            return self.plain(WRAPPED[kind])
        if kind in INTEGERS:
            return str(self.integer(kind)), kind.endswith("64")
        if kind in ("float", "double"):
            if self.rarely(f"{kind}:special", 0.08):
                return self.random.choice(["NaN", "Infinity", "-Infinity"]), True
            return self.decimal(kind), False
        if kind == "bool":
            return self.random.choice(["true", "false"]), False
        if kind == "string":
            return self.word(), True
        if kind == "bytes":
            return self.blob(), True
        if kind == "enum":
            value = self.random.choice(field.enum_type.values)
            if self.rarely("enum:number", 0.15):
                return str(value.number), False
            if self.rarely("enum:unknown number"):
                return "77", False
            return value.name, True
        return {"Timestamp": self.timestamp, "Duration": self.duration, "FieldMask": self.mask}[kind](), True

    def quoted(self, text):
        if self.random.random() < 0.2:
            escaped = "".join(f"\\u{unit:04x}" for unit in utf16(text)) if self.random.random() < 0.3 else None
            return f'"{escaped}"' if escaped is not None else json.dumps(text)
        return json.dumps(text, ensure_ascii=False)

    def scalar(self, kind, field=None):
        """A scalar, or a well-known type that JSON writes as one, as JSON text."""
        text, quotes = self.plain(kind, field)
        base = WRAPPED.get(kind, kind)
        if base in INTEGERS:
            if self.rarely("integer:exponent", 0.02):
                digits = self.random.randint(1, 9)
                return self.random.choice([f"{digits}e1", f"{digits}E+01", f"{digits}0e0", f"{digits}.5e1"])
            if self.rarely("integer:zero fraction", 0.02) and abs(int(text)) < 2**31:
                return text + ".0"
            if self.rarely("integer:quoted exponent", 0.01):
                return '"1e1"'
            return f'"{text}"' if quotes != (self.random.random() < 0.25) else text
        if base in ("float", "double") and not quotes and self.rarely("float:quoted", 0.08):
            return f'"{text}"'
        return self.quoted(text) if quotes else text

    def any_json(self, depth):
        """Any: every JSON value, for Value."""
        chosen = self.random.random()
        if depth <= 0 or chosen < 0.6:
            return self.random.choice(["null", "true", "false", "1.5", "0", "-3", "1e3", self.quoted(self.word())])
        if chosen < 0.8:
            return self.list_json(depth)
        return self.struct_json(depth)

    def list_json(self, depth):
        return "[" + ", ".join(self.any_json(depth - 1) for _ in range(self.random.randint(0, 3))) + "]"

    def struct_json(self, depth):
        keys = {self.random.choice(["a", "b c", "é", "@type", "nullValue", self.word()]) for _ in range(self.random.randint(0, 3))}
        return "{" + ",".join(f"{self.quoted(key)}:{self.any_json(depth - 1)}" for key in sorted(keys)) + "}"

    def packed(self, schema, depth):
        """An Any as JSON."""
        name = self.random.choice(["differential.v1.Leaf"] * 3 + [PREFIX + "Duration", PREFIX + "Struct", PREFIX + "Int64Value", PREFIX + "Timestamp"])
        kind = name.removeprefix(PREFIX)
        typed = f'"@type":"type.googleapis.com/{name}"'
        if name.startswith(PREFIX):
            value = self.struct_json(1) if kind == "Struct" else self.scalar(kind)
            rest = [f'"value":{value}']
        else:
            rest = self.fields(schema.pool.FindMessageTypeByName(name), schema, depth - 1)
        if rest and self.rarely("any:type last", 0.15):
            return "{" + ",".join([*rest, typed]) + "}"
        return "{" + ",".join([typed, *rest]) + "}"

    def single(self, field, schema, depth):
        """One value of a field, as JSON text."""
        kind = kind_of(field)
        if kind == "message":
            if field.message_type.full_name == "google.api.HttpBody":
                return '{"contentType":"text/plain","data":"%s"}' % self.blob()
            return self.message(field.message_type, schema, depth - 1)
        if kind == "Empty":
            return "{}"
        if kind == "Struct":
            return self.struct_json(2)
        if kind == "ListValue":
            return self.list_json(2)
        if kind == "Value":
            return self.any_json(2)
        if kind == "Any":
            return self.packed(schema, depth)
        return self.scalar(kind, field)

    def value(self, field, schema, depth):
        """A field's value as JSON text: a list, a map, or one value."""
        if kind_of(field) != "Value" and self.rarely("null", 0.02):
            return "null"
        if is_map(field):
            entry = field.message_type.fields_by_name
            key_kind = kind_of(entry["key"])
            keys = {self.word() if key_kind == "string" else self.plain(key_kind)[0] for _ in range(self.random.randint(0, 3))}
            return "{" + ",".join(
                f"{self.quoted(key)}:{self.single(entry['value'], schema, depth)}" for key in sorted(keys)
            ) + "}"
        if is_list(field):
            return "[" + self.gap().join(
                ("," if index else "") + self.single(field, schema, depth) for index in range(self.random.randint(0, 3))
            ) + "]"
        return self.single(field, schema, depth)

    def gap(self):
        return self.random.choice(["", "", "", " ", "\n\t"])

    def key(self, field):
        return field.name if self.random.random() < 0.2 else field.json_name

    def chosen(self, message_type, count, leave=()):
        """Some fields of a type, no two of one oneof."""
        pool = [field for field in message_type.fields if field.name not in leave]
        fields, oneofs = [], set()
        for field in self.random.sample(pool, min(count, len(pool))):
            oneof = field.containing_oneof
            if oneof is not None and oneof.name in oneofs:
                continue
            if oneof is not None:
                oneofs.add(oneof.name)
            fields.append(field)
        return fields

    def fields(self, message_type, schema, depth, leave=()):
        """Members of an object, as JSON text each."""
        if depth <= 0:
            return []
        count = self.random.randint(0, 6) if message_type.name == "Thing" else self.random.randint(0, 3)
        return [
            f"{self.quoted(self.key(field))}{self.gap()}:{self.gap()}{self.value(field, schema, depth)}"
            for field in self.chosen(message_type, count, {"file", *leave})
        ]

    def message(self, message_type, schema, depth=3, leave=()):
        return "{" + self.gap() + ("," + self.gap()).join(self.fields(message_type, schema, depth, leave)) + "}"


def utf16(text):
    """The UTF-16 code units of a text."""
    raw = text.encode("utf-16-be")
    return [raw[i] << 8 | raw[i + 1] for i in range(0, len(raw), 2)]
