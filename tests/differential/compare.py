"""One case sent to both gateways, and what differs."""

import dataclasses
import http.client
import json

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
                return [json.loads(line) for line in text.splitlines() if line]
            return json.loads(text)
        except ValueError:
            return None


@dataclasses.dataclass
class Difference:
    case: object
    transom: Side
    envoy: Side
    what: str  # "outcome", "status", "received", "answer"

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

    def same_without(self, *fields):
        """Whether the backend got the same message from both, these fields left aside."""
        if not self.both_asked or self.transom.rpc != self.envoy.rpc:
            return False
        kept = []
        for side in (self.transom, self.envoy):
            message = type(side.message)()
            message.CopyFrom(side.message)
            for field in fields:
                if field in message.DESCRIPTOR.fields_by_name:
                    message.ClearField(field)
            kept.append(message.SerializeToString(deterministic=True))
        return kept[0] == kept[1]


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

    def difference(self, case, transom, envoy):
        """What differs, or None, and how the two were equal."""
        if transom.outcome != envoy.outcome:
            return Difference(case, transom, envoy, "outcome"), None
        if transom.status != envoy.status:
            return Difference(case, transom, envoy, "status"), None
        if transom.outcome == REFUSED:
            if not case.mutated:
                return Difference(case, transom, envoy, "both refuse what is valid"), None
            return None, "refused"
        if (transom.rpc, transom.wire) != (envoy.rpc, envoy.wire):
            return Difference(case, transom, envoy, "received"), None
        if transom.outcome == FAILED:
            if self.failure(transom) != self.failure(envoy):
                return Difference(case, transom, envoy, "answer"), None
            return None, "failed"
        if case.method == "HEAD" or transom.rpc is None:
            return None, "answered"
        same = self.same_answer(case, transom, envoy)
        return (None, same) if same else (Difference(case, transom, envoy, "answer"), None)

    def failure(self, side):
        """The body of an error: code, message and details."""
        value = side.json()
        if not isinstance(value, dict):
            return side.body
        return value.get("code"), value.get("message", ""), value.get("details", [])

    def same_answer(self, case, transom, envoy):
        answer = self.schema.answer_type(transom.rpc)
        if answer.DESCRIPTOR.full_name == "google.api.HttpBody" or case.binding.answer == "file":
            return "answered" if (transom.kind, transom.body, transom.cut) == (envoy.kind, envoy.body, envoy.cut) else None
        left, right = transom.json(), envoy.json()
        if left is None or right is None:
            return None
        if left == right:
            return "answered"
        field = case.binding.answer
        if self.schema.methods[transom.rpc].server_streaming:
            if not isinstance(left, list) or not isinstance(right, list) or len(left) != len(right):
                return None
            pairs = list(zip(left, right))
        else:
            pairs = [(left, right)]
        for ours, theirs in pairs:
            if field:
                ours, theirs = {field: ours}, {field: theirs}
            ours, theirs = self.schema.canonical(answer, ours), self.schema.canonical(answer, theirs)
            if ours is None or ours != theirs:
                return None
        return "answered, spelled otherwise"
