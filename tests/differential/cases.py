"""Random requests. A case is made from a seed and a number alone, so that one can be sent again.

Most cases are valid. The others have one mutation, noted as a trait that begins with `!`.
"""

import dataclasses
import json
import random

from schema import Variable
from values import INTEGERS, WRAPPED, Values, is_list, is_map, kind_of

MUTATED = 0.35
UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
IN_PATH = UNRESERVED | frozenset(b"!$&'()*+,;=@")
IN_QUERY = UNRESERVED | frozenset(b"!$'()*,/?:@")


@dataclasses.dataclass
class Case:
    number: int
    rpc: str
    binding: object
    method: str
    target: str
    headers: list
    body: bytes | None
    traits: set = dataclasses.field(default_factory=set)

    @property
    def mutated(self):
        return any(trait.startswith("!") for trait in self.traits)


def percent(text, raw, draw):
    """Percent-encodes what is not in `raw`, and now and then what is; hex digits in either case."""
    out = []
    for byte in text.encode() if isinstance(text, str) else text:
        if byte in raw and draw.random() > 0.02:
            out.append(chr(byte))
        else:
            out.append(f"%{byte:02x}" if draw.random() < 0.2 else f"%{byte:02X}")
    return "".join(out)


class Maker:
    def __init__(self, schema, seed, number):
        self.schema, self.number = schema, number
        self.random = random.Random(f"{seed}/{number}")
        self.values = Values(self.random)
        self.traits = self.values.traits

    def case(self):
        rpc = self.random.choice(list(self.schema.methods))
        binding = self.random.choice([binding for binding in self.schema.bindings if binding.rpc == rpc])
        self.binding, self.method = binding, binding.method
        self.input = self.schema.methods[binding.rpc].input_type
        self.values.small = rpc == "Fail" and self.random.random() < 0.9
        mutate = self.random.random() < MUTATED
        self.path = self.make_path()
        self.headers, self.body, self.query = [], None, []
        if binding.body:
            self.make_body()
        if binding.body != "*":
            self.make_query()
        self.target = None
        before = set(self.traits)
        while mutate and self.traits == before:
            # Until one fits the binding; `other_method` always does.
            self.random.choice(MUTATIONS)(self)
        self.observe()
        target = self.target
        if target is None:
            target = self.path + ("?" + "&".join(self.query) if self.query else "")
        return Case(self.number, binding.rpc, binding, self.method, target, self.headers, self.body, self.traits)

    def observe(self):
        """Notes what came about by chance: a body that names what the path binds, a body that is a scalar."""
        try:
            body = json.loads(self.body or b"x")
        except (ValueError, RecursionError):
            return
        if self.binding.body and not isinstance(body, dict | list):
            self.traits.add("body:scalar")
        for path in self.binding.bound if isinstance(body, dict) else ():
            if self.binding.body != "*":
                if path[0] != self.binding.body or len(path) == 1:
                    continue
                path = path[1:]
            message, value = self.body_type(), body
            for name in path:
                field = message.fields_by_name[name]
                keys = [key for key in (field.json_name, field.name) if isinstance(value, dict) and key in value]
                value, message = (value[keys[0]] if keys else None), field.message_type
                siblings = field.containing_oneof.fields if field.containing_oneof else ()
                if any(f.json_name in body or f.name in body for f in siblings if f is not field):
                    self.traits.add("body:names a sibling of what the path binds")
            if value is not None:
                self.traits.add("body:names what the path binds")

    def body_type(self):
        """The message type of a JSON body that is a plain message."""
        if not self.binding.body or self.input.full_name == "google.api.HttpBody" or self.binding.body == "file":
            return None
        if self.binding.body == "*":
            return self.input
        field = self.input.fields_by_name[self.binding.body]
        return field.message_type if kind_of(field) == "message" and not is_list(field) and not is_map(field) else None

    # The path.

    def field(self, path):
        """The field at the end of a path from the request type."""
        message = self.input
        for name in path[:-1]:
            message = message.fields_by_name[name].message_type
        return message.fields_by_name[path[-1]]

    def segment(self, variable):
        """The text of one segment, before and after percent-encoding."""
        field = self.field(variable.path)
        text = ""
        while not text or text in (".", "..") or "\\" in text:
            text = self.values.plain(kind_of(field), field)[0]
        if "/" in text:
            self.traits.add("path:encoded slash")
            if not variable.single:
                self.traits.add("path:slash in several segments")
        encoded = percent(text, IN_PATH | {ord(":")} if self.values.rarely("path:colon", 0.03) else IN_PATH, self.random)
        return encoded

    def make_path(self):
        out = []
        for part in self.binding.parts:
            if isinstance(part, Variable):
                for piece in part.segments:
                    if piece == "**":
                        out += [self.segment(part) for _ in range(self.random.randint(0, 3))]
                    elif piece == "*":
                        out.append(self.segment(part))
                    else:
                        out.append(piece)
            elif part == "**":
                out += [percent(self.values.word() or "x", IN_PATH, self.random) for _ in range(self.random.randint(0, 3))]
            elif part == "*":
                out.append(percent(self.values.word() or "x", IN_PATH, self.random))
            else:
                out.append(part)
        path = "/" + "/".join(out) + (f":{self.binding.verb}" if self.binding.verb else "")
        if self.binding.template.endswith("**}") and path.endswith(("/files",)) or path == "/v1/any":
            self.traits.add("path:** of nothing")
        if "literal" in path.split("/"):
            self.traits.add("path:literal")
        return path

    # The body.

    def make_body(self):
        body = self.binding.body
        if self.input.full_name == "google.api.HttpBody" or body == "file":
            self.headers.append(("content-type", self.random.choice(["text/plain", "application/octet-stream", "image/png", "application/json"])))
            self.body = bytes(self.random.randrange(256) for _ in range(self.random.randint(0, 200)))
            return
        if not self.values.rarely("content-type:none", 0.05):
            kind = "application/json"
            if self.values.rarely("content-type:charset", 0.1):
                kind += "; charset=utf-8"
            self.headers.append(("content-type", kind))
        if body == "*":
            text = self.values.message(self.input, self.schema, leave=self.limits())
        else:
            field = self.input.fields_by_name[body]
            text = self.values.value(field, self.schema, 3) if self.body_type() is None \
                else self.values.message(field.message_type, self.schema)
            if text == "null" and kind_of(field) != "Value":
                self.traits.add("!body null")
        text = self.values.gap() + text + self.values.gap()
        if self.values.rarely("body:empty", 0.03):
            text = ""
        self.body = text.encode()

    def limits(self):
        """Fields that count or end answers are given by the query or the maker alone."""
        return {"i32", "u32", "u64"} if self.binding.rpc.startswith(("Watch", "Stretch")) else set()

    # The query.

    def make_query(self):
        if self.input.full_name == "google.api.HttpBody":
            return
        if self.binding.rpc.startswith(("Watch", "Stretch")):
            if self.random.random() < 0.8:
                self.query.append(f"i32={self.random.randint(0, 5)}")
            if self.random.random() < 0.2:
                self.query.append(f"u32={self.random.choice([3, 5, 13, 14, 16])}")
                self.traits.add("stream:fails")
                if self.random.random() < 0.5:
                    self.query.append(f"u64={self.random.randint(1, 4)}")
        taken = {path[0] for path in self.binding.bound} | {self.binding.body} | self.limits() | {"file", "child"}
        for field in self.values.chosen(self.input, self.random.choice([0, 0, 1, 2, 3, 5]), taken):
            self.query += self.parameters(field, (self.spelled(field),), 2)

    def spelled(self, field):
        return field.name if self.random.random() < 0.3 else field.json_name

    def parameters(self, field, path, depth):
        """The query parameters for a field: none, one or several."""
        kind = kind_of(field)
        key = ".".join(path)
        if is_map(field):
            if not self.values.rarely("query:map", 0.1):
                return []
            entry = field.message_type.fields_by_name
            if kind_of(entry["value"]) == "message":
                return []
            text = self.values.plain(kind_of(entry["key"]))[0] or "k"
            return [self.parameter(f"{key}[{text}]", self.values.plain(kind_of(entry["value"]), entry["value"])[0])]
        if kind == "message":
            if is_list(field) or depth == 0:
                return []
            inner = self.values.chosen(field.message_type, self.random.randint(1, 2), {"file"})
            return [p for f in inner for p in self.parameters(f, (*path, self.spelled(f)), depth - 1)]
        if kind in ("Any", "Empty") or is_list(field) and kind in ("Timestamp", "Duration"):
            return []
        if kind in ("Struct", "Value", "ListValue"):
            if not self.values.rarely("query:json", 0.1):
                return []
            return [self.parameter(key, self.values.single(field, self.schema, 2))]
        count = self.random.randint(1, 3) if is_list(field) else 1
        out = []
        for _ in range(count):
            text = self.values.plain(kind, field)[0]
            if not text:
                self.traits.add("query:empty value")
            out.append(self.parameter(key, text))
        return out

    def parameter(self, key, text):
        """One `key=value`, escaped."""
        value = percent(text, IN_QUERY, self.random)
        if "%20" in value and self.values.rarely("query:plus", 0.5):
            value = value.replace("%20", "+")
        key = percent(key, IN_QUERY | frozenset(b"[]"), self.random)
        if "%2e" in key.lower():
            self.traits.add("query:escaped dot")
        return f"{key}={value}"

    # What mutations need.

    def scalar_field(self, *kinds):
        """A singular scalar field of the request that neither path nor body binds."""
        taken = {path[0] for path in self.binding.bound} | {self.binding.body} | {"i32", "u32", "u64", "text", "code"}
        found = [f for f in self.input.fields if f.name not in taken and not is_list(f) and kind_of(f) in (kinds or SCALARS)]
        return self.random.choice(found) if found else None


SCALARS = (*INTEGERS, "string", "bool", "float", "double", "bytes", "enum")
MUTATIONS = []


def mutation(of):
    MUTATIONS.append(of)
    return of


def body_object(make):
    """Whether the body is a JSON object that members can be added to."""
    return make.body is not None and make.body.strip().startswith(b"{") and make.body.strip().endswith(b"}") \
        and make.body_type() is not None


def add_member(make, member, first=False):
    text = make.body.strip()[1:-1].strip()
    member = member if isinstance(member, bytes) else member.encode()
    parts = [member, text] if first else [text, member]
    make.body = b"{" + b",".join(part for part in parts if part) + b"}"


def fresh_member(make, *kinds):
    """A field of the body's type whose name is not in the body yet; its siblings of a oneof neither."""
    taken = make.limits()
    found = [
        f for f in make.body_type().fields
        if kind_of(f) in kinds and not is_list(f) and not is_map(f) and f.name not in taken
        and f.json_name.encode() not in make.body and f.name.encode() not in make.body
        and (f.containing_oneof is None or f.containing_oneof.name.startswith("_"))
    ]
    return make.random.choice(found) if found else None


WRONG = {
    # Kinds, and JSON texts that are no value of them, each with a trait.
    ("int32", "sint32", "sfixed32"): [
        ("fraction", "1.5"), ("range", "2147483648"), ("range", '"-2147483649"'), ("word", '"abc"'), ("bool", "true"),
        ("object", "{}"), ("array", "[1]"), ("spaces", '" 1"'), ("empty string", '""'), ("hex", '"0x10"'), ("plus", '"+1"'),
        ("quoted fraction", '"1.5"'), ("huge", "1e999999"), ("leading zero", '"01"'),
    ],
    ("uint32", "fixed32", "uint64", "fixed64"): [
        ("negative", "-1"), ("range", "18446744073709551616"), ("fraction", "0.5"), ("word", '"x"'), ("bool", "false"), ("object", "{}"),
        ("array", "[]"),
    ],
    ("int64", "sint64", "sfixed64"): [
        ("range", "9223372036854775808"), ("range", '"-9223372036854775809"'), ("fraction", "0.1"), ("word", '"ten"'), ("bool", "true"), ("array", "[]"),
    ],
    ("bool",): [("quoted bool", '"true"'), ("number", "1"), ("number", "0"), ("word", '"yes"'), ("object", "{}"), ("array", "[true]")],
    ("string",): [("number", "12"), ("bool", "true"), ("object", "{}"), ("array", '["a"]'), ("fraction", "1.5")],
    ("float",): [("range", "1e40"), ("word", '"x"'), ("bool", "true"), ("object", "{}"), ("nan", "NaN"), ("infinity", "Infinity"), ("lower-case nan", '"nan"')],
    ("double",): [("range", "1e400"), ("word", '"x"'), ("bool", "false"), ("array", "[]"), ("nan", "-Infinity"), ("lower-case nan", '"inf"')],
    ("bytes",): [("base64", '"a$b="'), ("number", "1"), ("base64 length", '"AAAAA"'), ("bool", "true")],
    ("enum",): [("lower-case", '"red"'), ("name", '"PUCE"'), ("bool", "true"), ("fraction", "1.5"), ("quoted number", '"2"'), ("object", "{}"), ("range", "4294967296")],
    ("Timestamp",): [("text", '"yesterday"'), ("month", '"2024-13-01T00:00:00Z"'), ("day", '"2023-02-29T00:00:00Z"'), ("year", '"10000-01-01T00:00:00Z"'),
                     ("lower-case", '"2024-01-01t00:00:00z"'), ("no zone", '"2024-01-01T00:00:00"'), ("number", "0"), ("object", '{"seconds":1}'),
                     ("leap second", '"2016-12-31T23:59:60Z"'), ("digits", '"2024-01-01T00:00:00.0123456789Z"'), ("date", '"2024-01-01"')],
    ("Duration",): [("unit", '"1m"'), ("no unit", '"1"'), ("range", '"315576000001s"'), ("number", "1"), ("object", "{}"), ("digits", '"1.0123456789s"'), ("plus", '"+1s"'), ("empty string", '""')],
    ("FieldMask",): [("snake", '"un_number"'), ("number", "1"), ("object", '{"paths":["a"]}'), ("empty path", '"a,,b"')],
    ("Int32Value", "Int64Value"): [("object", '{"value":1}'), ("word", '"x"'), ("array", "[]")],
    ("BoolValue", "StringValue"): [("object", '{"value":true}'), ("array", "[]"), ("number", "1")],
    ("Struct",): [("array", "[]"), ("word", '"a"'), ("number", "1")],
    ("ListValue",): [("object", "{}"), ("word", '"a"')],
    ("Empty",): [("members", '{"a":1}'), ("word", '"a"'), ("array", "[]")],
    ("Any",): [("unknown type", '{"@type":"type.googleapis.com/differential.v1.Nothing"}'), ("no type", '{"name":"a"}'), ("host type", '{"@type":"differential.v1.Leaf"}'),
               ("wrong member", '{"@type":"type.googleapis.com/differential.v1.Leaf","colours":1}'), ("word", '"a"'), ("empty", "{}"), ("web type", '{"@type":"http://127.0.0.1:9/differential.v1.Leaf"}'),
               ("two types", '{"@type":"type.googleapis.com/differential.v1.Leaf","@type":"type.googleapis.com/differential.v1.Leaf"}')],
    ("message",): [("word", '"a"'), ("number", "1"), ("array", "[]"), ("bool", "false")],
}


@mutation
@mutation
@mutation
@mutation
@mutation
@mutation
def wrong_value(make):
    if not body_object(make):
        return
    kinds = make.random.choice(list(WRONG))
    field = fresh_member(make, *kinds)
    if field is None:
        return
    trait, text = make.random.choice(WRONG[kinds])
    make.traits.add(f"!json {field_class(field)}: {trait}")
    add_member(make, f'"{field.json_name}":{text}', make.random.random() < 0.5)


def field_class(field):
    kind = kind_of(field)
    return "integer" if kind in INTEGERS else "wrapper" if kind in WRAPPED else kind


@mutation
def wrong_list(make):
    if not body_object(make):
        return
    found = [f for f in make.body_type().fields if is_list(f) and f.json_name.encode() not in make.body]
    if not found:
        return
    field = make.random.choice(found)
    trait, text = make.random.choice([("one value", None), ("null inside", "[null]"), ("object", '{"0":1}'), ("nested", "[[]]"), ("trailing comma", None)])
    if text is None:
        one = make.values.single(field, make.schema, 1)
        text = one if trait == "one value" else f"[{one},]"
    make.traits.add(f"!json list: {trait}")
    add_member(make, f'"{field.json_name}":{text}')


@mutation
def wrong_map(make):
    if not body_object(make) or make.body_type().name != "Thing":
        return
    trait, name, text = make.random.choice([
        ("same key", "labels", '{"a":"1","a":"2"}'), ("same key spelled otherwise", "byFlag", '{"true":"1","tr\\u0075e":"2"}'),
        ("key of a wrong type", "byNumber", '{"x":{}}'), ("key out of range", "byNumber", '{"2147483648":{}}'),
        ("null value", "labels", '{"a":null}'), ("array", "labels", "[]"), ("key of a wrong type", "byFlag", '{"1":"a"}'),
        ("wrong value", "labels", '{"a":1}'), ("unknown enum name", "palette", '{"a":"PUCE"}'), ("empty object for a number", "weights", '{"1":{}}'),
    ])
    if name.encode() in make.body:
        return
    make.traits.add(f"!json map: {trait}")
    add_member(make, f'"{name}":{text}')


@mutation
@mutation
def unknown_member(make):
    if body_object(make):
        deep = make.body_type().name == "Thing" and b'"leaf"' not in make.body and make.random.random() < 0.4
        make.traits.add("!json unknown field")
        name = make.random.choice(["nonsense", "TEXT", "i_32", "choice", "un_Number", "0", "", "[differential.v1.x]"])
        value = make.random.choice(["1", "null", "{}", '[{"a":[1]}]', '"x"'])
        member = f'"{name}":{value}'
        add_member(make, f'"leaf":{{{member}}}' if deep else member)


@mutation
@mutation
def same_member(make):
    if not body_object(make):
        return
    field = fresh_member(make, "string", "int64", "bool", "enum", "Timestamp", "message")
    if field is None:
        return
    names = [field.json_name, field.json_name]
    trait = "!json same key"
    if field.name != field.json_name and make.random.random() < 0.6:
        names[1] = field.name
        trait = "!json same field in both spellings"
    make.traits.add(trait)
    for name in names:
        add_member(make, f'"{name}":{make.values.single(field, make.schema, 1)}')


@mutation
def two_of_oneof(make):
    if body_object(make) and make.body_type().name == "Thing" and b"pick" not in make.body:
        make.traits.add("!json two of a oneof")
        add_member(make, '"pickText":"a"')
        add_member(make, make.random.choice(['"pickNumber":"1"', '"pick_flag":true', '"pickLeaf":{}']))


@mutation
@mutation
@mutation
def broken_json(make):
    if not body_object(make):
        return
    text = make.body.strip()
    inner = text[1:-1]
    glue = b"," if inner.strip() else b""
    trait, body = make.random.choice([
        ("trailing text", text + b"x"), ("second value", text + b"{}"), ("truncated", text[:-1]), ("single quotes", b"{" + inner + glue + b"'name':'a'}"),
        ("bare key", b"{" + inner + glue + b'name:"a"}'), ("comment", b"{/* a */" + inner + b"}"), ("trailing comma", b"{" + inner + glue + b'"name":"a",}'),
        ("byte order mark", b"\xef\xbb\xbf" + text), ("lone surrogate", b"{" + inner + glue + b'"name":"\\ud800"}'), ("invalid UTF-8", b"{" + inner + glue + b'"name":"a\xffb"}'),
        ("control character", b"{" + inner + glue + b'"name":"a\nb"}'), ("bad escape", b"{" + inner + glue + b'"name":"\\x41"}'), ("missing colon", b"{" + inner + glue + b'"name" "a"}'),
        ("leading zero", b"{" + inner + glue + b'"number":01}'), ("plus sign", b"{" + inner + glue + b'"number":+1}'), ("bare point", b"{" + inner + glue + b'"number":1.}'),
        ("null root", b"null"), ("array root", b"[]"), ("list of messages", b"[" + text + b"]"), ("number root", b"1"), ("string root", b'"a"'), ("only spaces", b"  \n"), ("no comma", b'{"name":"a" "number":1}'),
        ("NUL", b"{" + inner + glue + b'"name":"a\\u0000b"}'), ("True", b"{" + inner + glue + b'"flag":True}'), ("double comma", b'{"name":"a",,"number":1}'),
    ])
    # Leaf and Thing both have a `name`; only Leaf has a `number`.
    if b'"number"' in body and make.body_type().name != "Leaf":
        body = body.replace(b'"number"', b'"i64"')
    if b'"flag"' in body and make.body_type().name != "Thing":
        return
    if any(name in inner for name in (b"name", b"number", b"i64", b"flag")) and b"name" in body + b"flag":
        if trait not in ("trailing text", "second value", "truncated", "comment", "byte order mark", "list of messages"):
            return
    make.traits.add(f"!json text: {trait}")
    make.body = body


@mutation
def deep(make):
    if body_object(make) and make.body_type().name in ("Thing", "Leaf"):
        depth = make.random.choice([20, 64, 98, 99, 100, 101, 2000])
        name = "child" if make.body_type().name == "Thing" else "leaf"
        make.traits.add("!json depth")
        make.body = b'{"%s":' % name.encode() * depth + b"{}" + b"}" * depth


@mutation
def deep_struct(make):
    if body_object(make) and make.body_type().name == "Thing":
        # Each level is two on the wire, and the backend's library reads a hundred.
        depth = make.random.choice([20, 40, 150, 2000])
        make.traits.add("!json depth")
        make.body = b'{"value":' + b"[" * depth + b"]" * depth + b"}"


@mutation
def other_content_type(make):
    if make.body_type() is not None:
        kind = make.random.choice(["text/plain", "application/x-www-form-urlencoded", "application/xml", "text/json", "application/merge-patch+json", "nonsense"])
        make.headers = [("content-type", kind)]
        make.traits.add(f"!content type: {kind}")


@mutation
def body_without_binding(make):
    if not make.binding.body and make.method not in ("HEAD",):
        make.body, trait = make.random.choice([(b"{}", "object"), (b'{"text":"a"}', "object"), (b"garbage", "text"), (b"", "none")])
        make.headers = [("content-type", "application/json")]
        if make.body:
            make.traits.add("!body where none is bound")


@mutation
@mutation
def unknown_query(make):
    if make.binding.body != "*" and make.input.name != "HttpBody":
        key = make.random.choice(["nonsense", "TEXT", "leaf.nonsense", "nonsense.leaf", "text.more", "choice", "labels.a.b", "lines[0]", "key", "$alt", "leaf..name", ".leaf", "leaf."])
        make.traits.add("!query unknown key: " + ("below a scalar" if key in ("text.more", "lines[0]") else "below a map" if key.startswith("labels") else "of dots" if ".." in key or key.startswith(".") or key.endswith(".") else "plain"))
        make.query.append(f"{key}={make.random.choice(['1', 'a', ''])}")


@mutation
def unknown_query_beside_body(make):
    if make.binding.body == "*":
        make.traits.add("!query unknown key: plain")
        make.query.append("nonsense=1")


@mutation
def query_beside_whole_body(make):
    if make.binding.body == "*" and make.input.name == "Thing":
        make.traits.add("!query beside a body that is everything")
        make.query.append(make.random.choice(["name=a", "leaf.number=1", "i64=x", "parent=b"]))


@mutation
@mutation
def same_query_key(make):
    field = make.scalar_field("string", "int64", "bool", "enum", "Timestamp")
    if make.binding.body != "*" and field is not None and not any(field.name in q or field.json_name in q for q in make.query):
        make.traits.add("!query singular key twice")
        for name in (field.json_name, make.random.choice([field.name, field.json_name])):
            make.query.append(make.parameter(name, make.values.plain(kind_of(field), field)[0] or "0"))


@mutation
def oneof_in_query(make):
    if make.binding.body != "*" and make.input.name == "Thing" and "pick" not in str(make.query) + make.path and ("pick_number",) not in make.binding.bound:
        make.traits.add("!query two of a oneof")
        make.query += ["pickText=a", make.random.choice(["pickNumber=1", "pick_flag=true", "pickLeaf.name=a"])]


@mutation
def message_in_query(make):
    if make.binding.body not in ("*", "leaves") and make.input.name == "Thing" and ("leaf", "name") not in make.binding.bound:
        trait, text = make.random.choice([("repeated message", "leaves.name=a"), ("message as text", "leaf=a"), ("message as JSON", "child=%7B%7D"), ("map as text", "labels=a"), ("Any", "any=a"), ("map by a dot", "labels.a=b"), ("Empty", "nothing="),
                                           ("repeated well-known type", "times=2024-01-01T00:00:00Z"), ("repeated well-known type", "spans=1s&spans=2s")])
        make.traits.add(f"!query {trait}")
        make.query.append(text)


@mutation
@mutation
@mutation
def wrong_query_value(make):
    if make.binding.body == "*" or make.input.name != "Thing":
        return
    kinds = make.random.choice([kinds for kinds in WRONG if not set(kinds) & {"message", "Any", "Empty", "Struct", "ListValue", "string"}])
    field = make.scalar_field(*kinds)
    if field is None or any(field.name in q or field.json_name in q for q in make.query):
        return
    if field.containing_oneof is not None and "pick" in str(make.query) + str(make.binding.bound):
        return
    trait, text = make.random.choice([(t, v) for t, v in WRONG[kinds] if t not in ("quoted bool", "quoted number", "no zone")])
    make.traits.add(f"!query {field_class(field)}: {trait}")
    make.query.append(make.parameter(field.json_name, text.strip('"')))


@mutation
@mutation
def odd_query(make):
    if make.binding.body == "*" or make.input.name != "Thing" or any("name" in q for q in make.query) or any(path[0] == "name" for path in make.binding.bound):
        return
    trait, text = make.random.choice([
        ("bad percent", "name=%zz"), ("bad percent", "name=100%"), ("bad percent", "name=%4"), ("bytes that are not UTF-8", "name=%ff"), ("NUL", "name=a%00b"), ("no value", "name"), ("no key", "=a"),
        ("empty pairs", "&&name=a&"), ("semicolon", "name=a;parent=b"), ("equals in the value", "name=a=b"), ("encoded key", "%6eame=a"), ("bad percent in a key", "n%zzame=a"),
        ("question mark", "name=a?b"), ("encoded ampersand", "name=a%26parent=b"), ("plus in a key", "na+me=a"), ("encoded equals", "name%3Da"), ("empty integer", "s64="), ("empty bool", "maybeFlag="),
    ])
    make.traits.add(f"!query text: {trait}")
    make.query.append(text)


@mutation
@mutation
def bound_key_in_query(make):
    if make.binding.bound and make.binding.body != "*" and make.input.name == "Thing":
        path = make.random.choice(sorted(make.binding.bound))
        field = make.field(path)
        make.traits.add("!query names what the path binds")
        name = ".".join((*path[:-1], make.random.choice([field.name, field.json_name])))
        make.query.append(make.parameter(name, make.values.plain(kind_of(field), field)[0] or "1"))
    elif make.binding.body not in ("", "*"):
        make.traits.add("!query names what the body binds")
        make.query.append(make.parameter(make.binding.body + make.random.choice(["", ".name"]), "a"))


@mutation
@mutation
def bound_key_in_body(make):
    if body_object(make) and make.binding.body == "*" and make.binding.bound:
        path = make.random.choice(sorted(make.binding.bound))
        if len(path) == 1 and path[0].encode() not in make.body:
            field = make.field(path)
            make.traits.add("!body names what the path binds")
            add_member(make, f'"{field.json_name}":{make.values.single(field, make.schema, 1)}')


@mutation
@mutation
@mutation
def other_method(make):
    method = make.random.choice(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "REPORT", "TRACE"])
    if method != make.binding.method:
        make.method = method
        make.traits.add(f"!method {method} for {make.binding.method}")
        if method in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE"):
            make.body = None


@mutation
@mutation
def other_path(make):
    path = make.path
    trait, path = make.random.choice([
        ("unknown", "/v2" + path), ("trailing slash", path + "/"), ("double slash", path.replace("/v1/", "/v1//", 1)), ("upper case", path.replace("/v1/", "/V1/", 1)),
        ("encoded literal", path.replace("/v1/", "/%761/", 1)), ("unknown verb", path + ":nonsense"), ("encoded colon", path + "%3Aopen"), ("dot segment", path.replace("/v1/", "/v1/./", 1)),
        ("dots segment", path.replace("/v1/", "/v1/x/../", 1)), ("encoded dots", path.replace("/v1/", "/v1/%2e%2e/v1/", 1)), ("root", "/"), ("semicolon", path + ";x=1"),
        ("more", path + "/more"), ("less", path.rsplit("/", 1)[0]), ("backslash", path + "%5C"), ("NUL", path + "%00"), ("bad percent", path + "%zz"), ("bad percent", path + "%"), ("bytes that are not UTF-8", path + "%ff"),
        ("raw backslash", path + "\\"), ("method path", f"/differential.v1.Things/{make.random.choice(['Get', 'Create', 'Nothing'])}"), ("verb alone", path.rsplit("/", 1)[0] + "/:open"),
        ("plus", path + "+"), ("empty last", path.rsplit("/", 1)[0] + "/"), ("encoded slash", path + "%2F"), ("encoded slash", path + "%2fmore"),
    ])
    make.traits.add(f"!path: {trait}")
    make.path = path or "/"


@mutation
@mutation
@mutation
def wrong_path_value(make):
    for part in make.binding.parts:
        if isinstance(part, Variable) and part.single and kind_of(make.field(part.path)) != "string":
            field = make.field(part.path)
            for kinds, wrong in WRONG.items():
                if kind_of(field) in kinds:
                    trait, text = make.random.choice([(t, v) for t, v in wrong if t not in ("quoted bool", "quoted number", "no zone")])
                    if text in ('""',):
                        return
                    at = make.binding.parts.index(part)
                    pieces = make.path.split("/")
                    pieces[at + 1] = percent(text.strip('"'), IN_PATH, make.random)
                    make.path = "/".join(pieces)
                    make.traits.add(f"!path {field_class(field)}: {trait}")
            return


def make(schema, seed, number):
    return Maker(schema, seed, number).case()


def curl(case, base):
    """The case as a command line."""
    words = ["curl", "-sS", "-i", "--path-as-is", "-g"]
    words += ["-I"] if case.method == "HEAD" else ["-X", case.method]
    for name, value in case.headers:
        words += ["-H", f"'{name}: {value}'"]
    if case.body is not None:
        if not any(name == "content-type" for name, _ in case.headers):
            words += ["-H", "content-type:"]
        escaped = "".join(
            chr(byte) if 32 <= byte < 127 and byte not in (39, 92) else f"\\x{byte:02x}" for byte in case.body
        )
        words += ["--data-binary", f"$'{escaped}'"]
    target = case.target.replace("'", "'\\''")
    return " ".join(words) + f" '{base}{target}'"

