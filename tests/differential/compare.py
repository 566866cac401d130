"""One case sent to both gateways, and what differs."""

import dataclasses
import http.client
import json
import re
import struct
from urllib.parse import unquote

MAPS = ("labels", "by_flag", "palette", "weights", "by_number")
FLOATS = ("single", "floatValue")
# What the backend's library says when the code of backend.py raises.
BROKEN = (b"Exception iterating responses", b"Exception calling application")
ANSWERED, REFUSED, FAILED = "answered", "refused", "failed"


@dataclasses.dataclass
class Side:
    """What one gateway made of a case: its HTTP answer, and what the backend got."""

    status: int
    kind: str  # content type, without parameters
    body: bytes
    rpc: str | None
    message: object | None
    wire: bytes | None
    cut: bool = False  # the answer broke off

    @property
    def outcome(self):
        """`answered`; `failed`, by the backend's status; or `refused` without asking it."""
        if self.status < 400:
            return ANSWERED
        return REFUSED if self.rpc is None else FAILED

    def json(self):
        """The decoded answer; a stream is the list of its messages. None if it is no JSON."""
        try:
            text = self.body.decode()
            if self.kind == "application/x-ndjson":
                return [json.loads(line) for line in text.split("\n") if line]
            return json.loads(text)
        except ValueError:
            return None


@dataclasses.dataclass
class Difference:
    """A case that the two treat differently, and what the rules ask about it."""

    case: object
    transom: Side
    envoy: Side
    what: str  # "outcome", "status", "received", "answer"
    schema: object

    def has(self, *prefixes):
        """Whether the case has a trait that begins with one of the prefixes."""
        return any(trait.startswith(prefixes) for trait in self.case.traits)

    def ours(self, status, *texts):
        """Whether Transom refused, with this HTTP status and one of these texts in its message."""
        if self.transom.outcome != REFUSED or self.transom.status != status:
            return False
        message = (self.transom.json() or {}).get("message", "")
        return not texts or any(text in message for text in texts)

    def theirs(self, status, *texts):
        """Whether Envoy refused, with this HTTP status and one of these texts in its answer."""
        if self.envoy.outcome != REFUSED or self.envoy.status != status:
            return False
        return not texts or any(text.encode() in self.envoy.body for text in texts)

    @property
    def we_asked(self):
        return self.transom.rpc is not None

    @property
    def they_asked(self):
        return self.envoy.rpc is not None

    @property
    def both_asked(self):
        return self.we_asked and self.they_asked

    @property
    def answering(self):
        """The bindings of the rpc that Transom asked, for this HTTP method."""
        return [b for b in self.schema.bindings if b.rpc == self.transom.rpc and b.method == self.case.method]

    @property
    def bound(self):
        """The top-level fields that their paths bind."""
        return {path[0] for binding in self.answering for path in binding.bound}

    @property
    def filled_mask(self):
        """Whether Transom filled the mask of a PATCH that had none."""
        if self.case.method != "PATCH" or not self.both_asked:
            return False
        ours, theirs = self.transom.message, self.envoy.message
        return bool(ours.update_mask.paths) and not theirs.update_mask.paths

    def same_without(self, *fields):
        """Whether the backend got messages that differ in these fields only."""
        if self.what != "received":
            return False
        if not self.both_asked or self.transom.rpc != self.envoy.rpc:
            return False
        # What other rules explain by themselves may come on top.
        if self.has("query:map"):
            fields += MAPS
        if self.has("query:json"):
            fields += ("value",)
        if self.has("query:escaped dot"):
            keys = [pair.partition("=")[0] for pair in self.case.target.partition("?")[2].split("&")]
            fields += tuple(snake(unquote(key).partition(".")[0]) for key in keys if "%2e" in key.lower())
        if self.filled_mask:
            fields += ("update_mask",)
        kept = []
        for side in (self.transom, self.envoy):
            message = type(side.message)()
            message.CopyFrom(side.message)
            for field in fields:
                if field in message.DESCRIPTOR.fields_by_name:
                    message.ClearField(field)
            kept.append(self.schema.plain(message))
        return kept[0] == kept[1]

    def same_json(self, ours, theirs, key=None):
        """Whether two decoded answers are the same but for the digits of a float and zeros in an Any."""
        if isinstance(ours, dict) and isinstance(theirs, dict):
            if "@type" in ours and ours.get("@type") == theirs.get("@type"):
                left, right = (self.schema.canonical(self.schema.type("google.protobuf.Any"), side) for side in (ours, theirs))
                if left is not None:
                    return left == right
            return ours.keys() == theirs.keys() and all(self.same_json(ours[key], theirs[key], key) for key in ours)
        if isinstance(ours, list) and isinstance(theirs, list):
            return len(ours) == len(theirs) and all(map(self.same_json, ours, theirs))
        if key in FLOATS and type(ours) is float and type(theirs) is float and max(abs(ours), abs(theirs)) < 3e38:
            return struct.pack("f", ours) == struct.pack("f", theirs)
        return ours == theirs and (type(ours) is bool) == (type(theirs) is bool)


def snake(name):
    """A JSON name as the proto file has it."""
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)


class Client:
    """A kept connection to one gateway."""

    def __init__(self, name, port, backend):
        self.name, self.port, self.backend, self.connection = name, port, backend, None

    def send(self, case):
        for attempt in (1, 2):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                return self.once(case)
            except (http.client.HTTPException, OSError):
                self.connection.close()
                self.connection = None
                # A kept connection may have been closed just now; a fresh one has to answer.
                if attempt == 2:
                    raise
        return None

    def once(self, case):
        connection, key = self.connection, f"{self.name}-{case.number}"
        self.backend.take(key)
        connection.putrequest(case.method, case.target, skip_accept_encoding=True)
        for name, value in (*case.headers, ("x-case", key)):
            connection.putheader(name, value)
        if case.body is not None:
            connection.putheader("content-length", str(len(case.body)))
        connection.endheaders(case.body)
        response = connection.getresponse()
        cut = False
        try:
            body = response.read()
        except http.client.IncompleteRead as error:
            body, cut = error.partial, True
        if cut or response.will_close:
            connection.close()
            self.connection = None
        rpc, message = self.backend.take(key) or (None, None)
        kind = (response.getheader("content-type") or "").split(";")[0].strip()
        wire = self.backend.schema.plain(message) if message is not None else None
        return Side(response.status, kind, body, rpc, message, wire, cut)


class Judge:
    def __init__(self, schema):
        self.schema = schema

    def compare(self, case, transom, envoy):
        """What differs, or None, and how the two were equal."""

        def differ(what):
            return Difference(case, transom, envoy, what, self.schema), None

        if any(text in side.body for side in (transom, envoy) for text in BROKEN):
            return differ("the backend itself broke")
        if transom.outcome != envoy.outcome:
            return differ("outcome")
        if transom.status != envoy.status:
            return differ("status")
        if transom.outcome == REFUSED:
            return (None, "refused by both") if case.mutated else differ("both refuse what is valid")
        if (transom.rpc, transom.wire) != (envoy.rpc, envoy.wire):
            return differ("received")
        if transom.outcome == FAILED:
            return (None, "failed at the backend") if failure(transom) == failure(envoy) else differ("answer")
        if case.method == "HEAD" or transom.rpc is None:
            return None, "answered"
        if self.schema.is_download(transom.rpc, case.binding.answer):
            same = (transom.kind, transom.body, transom.cut) == (envoy.kind, envoy.body, envoy.cut)
            return (None, "answered") if same else differ("answer")
        ours, theirs = transom.json(), envoy.json()
        return (None, "answered") if ours is not None and ours == theirs else differ("answer")


def failure(side):
    """The body of an error: code, message and details."""
    value = side.json()
    if not isinstance(value, dict):
        return side.body
    return value.get("code"), value.get("message", ""), value.get("details", [])
