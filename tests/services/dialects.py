"""One method, called in each dialect, and what came of it in one form whatever the dialect.

The method is demo.echo.v1.EchoService/Metadata, whose empty request tells what metadata the backend got.
"""

import base64
import dataclasses
import http.client
import json
import struct

import grpc

PATH = "/demo.echo.v1.EchoService/Metadata"
PATIENCE = 30

# Connect's names of codes that policies have; 13 and others would be told by their names.
NAMES = {"permission_denied": 7, "unauthenticated": 16, "not_found": 5, "resource_exhausted": 8, "unavailable": 14}


@dataclasses.dataclass
class Answer:
    """What a client got."""

    # gRPC's number of the code.
    code: object
    message: str
    # The HTTP status; "none" where the client does not tell.
    status: object
    # By names in lower case, values of one name with commas between; of gRPC what stands before the answer and
    # behind it.
    headers: dict
    # Metadata that the backend got, of a call that passed.
    seen: dict
    # Types of the error's details.
    details: list


def fields(message):
    """Numbers and values of a message in wire form that has nothing but strings and messages."""
    at = 0
    while at < len(message):
        number, at = varint(message, at)
        length, at = varint(message, at)
        yield number >> 3, message[at : at + length]
        at += length


def varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at


def metadata(message):
    """A MetadataResponse."""
    seen = {}
    for _, entry in fields(message):
        parts = dict(fields(entry))
        seen[parts[1].decode()] = [value.decode() for _, value in fields(parts.get(2, b""))]
    return seen


def metadata_of(message):
    """The same of its JSON."""
    return {name: one.get("values", []) for name, one in message.get("metadata", {}).items()}


def details_of(headers):
    """Types of the details of `grpc-status-details-bin`; varints of the code are skipped."""
    status = headers.get("grpc-status-details-bin", b"")
    if isinstance(status, str):
        status = base64.b64decode(status + "=" * (-len(status) % 4))
    found = []
    at = 0
    while at < len(status):
        number, at = varint(status, at)
        value, at = varint(status, at)
        if number & 7 == 2:
            if number >> 3 == 3:
                found.append(dict(fields(status[at : at + value]))[1].decode().rpartition("/")[2])
            at += value
    return found


def joined(headers):
    """By names, each with all that stands under it."""
    found = {}
    for name, value in headers:
        name = name.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def asked(port, verb, path, headers, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(verb, path, body, headers)
        answer = connection.getresponse()
        return answer.status, joined(answer.getheaders()), answer.read()
    finally:
        connection.close()


def rest(port, headers):
    status, said, body = asked(port, "GET", "/v1/echo:metadata", headers)
    message = json.loads(body)
    if status == 200:
        return Answer(0, "", status, said, metadata_of(message), [])
    details = [one["@type"].rpartition("/")[2] for one in message.get("details", [])]
    return Answer(message["code"], message["message"], status, said, {}, details)


def connect(port, headers):
    headers = {"content-type": "application/json", "connect-protocol-version": "1", **headers}
    status, said, body = asked(port, "POST", PATH, headers, "{}")
    message = json.loads(body)
    if status == 200:
        return Answer(0, "", status, said, metadata_of(message), [])
    code = NAMES.get(message["code"], message["code"])
    return Answer(code, message["message"], status, said, {}, [one["type"] for one in message.get("details", [])])


def grpc_web(port, headers):
    headers = {"content-type": "application/grpc-web+proto", **headers}
    status, said, body = asked(port, "POST", PATH, headers, b"\0\0\0\0\0")
    seen, at = {}, 0
    while at < len(body):
        flags, length = struct.unpack_from(">BI", body, at)
        frame, at = body[at + 5 : at + 5 + length], at + 5 + length
        if flags & 0x80:
            lines = [line.partition(":") for line in frame.decode().split("\r\n") if line]
            said.update(joined((name, value.strip()) for name, _, value in lines))
        else:
            seen = metadata(frame)
    return Answer(int(said["grpc-status"]), said.get("grpc-message", ""), status, said, seen, details_of(said))


def native(port, headers):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        method = channel.unary_unary(PATH)
        call = method.future(b"", timeout=PATIENCE, metadata=tuple(headers.items()))
        code = call.code().value[0]
        said = joined([*(call.initial_metadata() or ()), *(call.trailing_metadata() or ())])
        seen = metadata(call.result()) if code == 0 else {}
        return Answer(code, call.details() or "", "none", said, seen, details_of(said))


DIALECTS = {"REST": rest, "Connect": connect, "gRPC-Web": grpc_web, "gRPC": native}
# HTTP statuses of all that fails, where it is not the code's: gRPC-Web says 200, grpcio does not tell.
STATUSES = {"REST": None, "Connect": None, "gRPC-Web": 200, "gRPC": "none"}
# What the gateway calls them.
PROTOCOLS = {"REST": "rest", "Connect": "connect", "gRPC-Web": "grpc_web", "gRPC": "grpc"}
