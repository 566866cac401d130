"""The schema of tests/differential/proto as Python sees it: message types, methods, bindings."""

import dataclasses
import pathlib
import re
import subprocess
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SERVICE = "differential.v1.Things"


def compile_to(path):
    """Compiles the schema with everything it imports, and what answers may carry in an Any."""
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{HERE / 'proto'}", f"-I{ROOT / 'proto'}",
         "--include_imports", f"--descriptor_set_out={path}",
         "differential/v1/things.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"],
        check=True,
    )


@dataclasses.dataclass(frozen=True)
class Variable:
    """A path variable: the field's path, and the segments it stands for."""

    path: tuple
    segments: tuple

    @property
    def single(self):
        return self.segments == ("*",)


@dataclasses.dataclass(frozen=True)
class Binding:
    rpc: str
    method: str
    template: str
    body: str
    answer: str
    parts: tuple  # literals, "*", "**" and Variables
    verb: str

    @property
    def bound(self):
        """The field paths that the path binds."""
        return {part.path for part in self.parts if isinstance(part, Variable)}


def template(text):
    """The parts and the verb of a path template."""
    verb = ""
    found = re.search(r":([^:/{}]+)$", text)
    if found:
        verb, text = found[1], text[: found.start()]
    parts = []
    for piece in re.findall(r"\{[^}]*\}|[^/{}]+", text):
        if piece.startswith("{"):
            path, _, pattern = piece[1:-1].partition("=")
            piece = Variable(tuple(path.split(".")), tuple((pattern or "*").split("/")))
        parts.append(piece)
    return tuple(parts), verb


class Schema:
    def __init__(self, path):
        raw = path.read_bytes()
        self.pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(raw).file:
            self.pool.AddSerializedFile(file.SerializeToString())
        # Read once more by the pool's own types, which know the annotation.
        described = self.type("google.protobuf.FileDescriptorSet").FromString(raw)
        rule_of = self.pool.FindExtensionByName("google.api.http")
        self.methods = {m.name: m for m in self.pool.FindServiceByName(SERVICE).methods}
        self.bindings = []
        for file in described.file:
            for service in file.service:
                if f"{file.package}.{service.name}" != SERVICE:
                    continue
                for method in service.method:
                    if not method.options.HasExtension(rule_of):
                        continue
                    rule = method.options.Extensions[rule_of]
                    for rule in (rule, *rule.additional_bindings):
                        self.bindings.append(self.binding(method.name, rule))
        self.bindings.append(
            Binding("Unannotated", "POST", f"/{SERVICE}/Unannotated", "*", "", (SERVICE, "Unannotated"), "")
        )

    @staticmethod
    def binding(rpc, rule):
        kind = rule.WhichOneof("pattern")
        if kind == "custom":
            method, text = rule.custom.kind, rule.custom.path
        else:
            method, text = kind.upper(), getattr(rule, kind)
        parts, verb = template(text)
        return Binding(rpc, method, text, rule.body, rule.response_body, parts, verb)

    def type(self, name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))

    def request_type(self, rpc):
        return message_factory.GetMessageClass(self.methods[rpc].input_type)

    def answer_type(self, rpc):
        return message_factory.GetMessageClass(self.methods[rpc].output_type)

    def is_download(self, rpc, answer):
        """Whether what is answered is an HttpBody."""
        kind = self.methods[rpc].output_type
        if answer:
            kind = kind.fields_by_name[answer].message_type
        return kind is not None and kind.full_name == "google.api.HttpBody"

    def plain(self, message):
        """Deterministic wire bytes; what is packed in an Any is packed anew, so that order and zeros do not count."""
        copy = type(message)()
        copy.CopyFrom(message)
        self.repack(copy)
        return copy.SerializeToString(deterministic=True)

    def repack(self, message):
        if message.DESCRIPTOR.full_name == "google.protobuf.Any":
            try:
                packed = self.type(message.type_url.rpartition("/")[2]).FromString(message.value)
            except (KeyError, DecodeError):
                return
            message.value = self.plain(packed)
            return
        for field, value in message.ListFields():
            if field.type != field.TYPE_MESSAGE:
                continue
            if not field.is_repeated:
                values = [value]
            elif field.message_type.GetOptions().map_entry:
                values = value.values() if field.message_type.fields_by_name["value"].message_type else []
            else:
                values = value
            for value in values:
                self.repack(value)

    def canonical(self, message_type, value):
        """A decoded JSON value as deterministic wire bytes; None if it is no ProtoJSON of that type."""
        try:
            message = json_format.ParseDict(value, message_type(), descriptor_pool=self.pool)
        except (json_format.ParseError, ValueError, TypeError, AttributeError):
            return None
        return self.plain(message)
