"""The command that the Connect conformance suite tests: a backend of the suite's own and Transom in
front of it.

    shim.py --transom TRANSOM --backend SERVER --protos FOLDER [--verbose]

The suite starts one for every configuration of a server. It writes a `ServerCompatRequest` to standard
input and expects a `ServerCompatResponse` on standard output, each behind its length in four bytes.
The backend, which takes the same request, is started with one of its own: native gRPC over HTTP/2, no
TLS, and a limit that no case reaches, so that whatever has to be refused is refused by Transom. Transom
compiles the suite's protos itself; there is no generated code. Both end when this program is told to,
when one of them ends, or when the suite is gone.
"""

import argparse
import collections
import ctypes
import json
import os
import pathlib
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading

# What the suite's enumerations call native gRPC and HTTP/2.
PROTOCOL_GRPC = 2
HTTP_VERSION_2 = 2

HOST = "127.0.0.1"
# The backend's own limit, and Transom's where the suite names none. The cases stay below 1 MiB.
NO_LIMIT_BYTES = 64 << 20
# A reply repeats what was sent, so it is larger than the largest request.
RESPONSE_MAX_BYTES = 16 << 20
# The suite waits ten seconds for the answer and five for the end.
START_SECONDS = 9
STOP_SECONDS = 3
# Log lines that are shown when Transom ends by itself.
LINES_KEPT = 20

# Wire types of protobuf, of which these messages have two.
VARINT, BYTES = 0, 2


def varint(number):
    """A number as protobuf writes it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode(*fields):
    """A message of fields (number, value); zero and empty are left out."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, bytes) and value:
            out += varint(number << 3 | BYTES) + varint(len(value)) + value
        elif isinstance(value, int) and value:
            out += varint(number << 3 | VARINT) + varint(value)
    return bytes(out)


def decode(message):
    """The fields of a message by number; of a repeated one the last."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    fields = {}
    while at < len(message):
        tag = number()
        if tag & 7 == VARINT:
            fields[tag >> 3] = number()
        elif tag & 7 == BYTES:
            length = number()
            fields[tag >> 3], at = message[at : at + length], at + length
        else:
            raise ValueError(f"found a field of wire type {tag & 7}, expected {VARINT} or {BYTES}")
    return fields


def read_message(stream):
    """One message behind its length."""
    length = stream.read(4)
    message = stream.read(int.from_bytes(length, "big"))
    if len(length) < 4 or len(message) < int.from_bytes(length, "big"):
        raise EOFError("the stream ended within a message")
    return decode(message)


def write_message(stream, message):
    """One message behind its length."""
    stream.write(len(message).to_bytes(4, "big") + message)
    stream.flush()


def end_with_parent():
    """Has the kernel end this process with the one that started it, where the kernel can."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


class Child:
    """A process that ends with this one."""

    def __init__(self, name, command, ended, **options):
        environment = {key: value for key, value in os.environ.items() if key != "RUST_LOG"}
        self.name = name
        self.process = subprocess.Popen(
            [str(part) for part in command], env=environment, preexec_fn=end_with_parent, **options
        )
        threading.Thread(target=lambda: (self.process.wait(), ended.put(name)), daemon=True).start()

    def stop(self):
        """Ends it, by force if it does not end when told to."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"{self.name} does not end when told to; it is killed")
            self.process.kill()
            self.process.wait()


def say(line):
    # In one write: several of these programs share the suite's standard error.
    os.write(sys.stderr.fileno(), f"shim: {line}\n".encode())


def start_backend(command, ended):
    """Starts the backend; gives it and its port."""
    child = Child("the backend", command, ended, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    request = encode((1, PROTOCOL_GRPC), (2, HTTP_VERSION_2), (6, NO_LIMIT_BYTES))
    write_message(child.process.stdin, request)
    child.process.stdin.close()
    return child, read_message(child.process.stdout)[2]


def configuration(request, backend_port, protos, folder):
    """Transom's configuration for what the suite asks for. YAML takes JSON's strings."""

    def file(name, content):
        path = folder / name
        path.write_bytes(content)
        return json.dumps(str(path))

    lines = [
        f"listen: {HOST}:0",
        f"upstreams: {{ suite: {{ url: http://{HOST}:{backend_port} }} }}",
        f"schema: [{{ protos: {json.dumps(str(protos))}, upstream: suite }}]",
        # A deadline that the suite did not set would be seen by the backend, and told.
        "timeouts: { unary: none, unary_cap: none, stream: none, stream_cap: none, drain_grace: 1s }",
        f"limits: {{ request_message: {request.get(6) or NO_LIMIT_BYTES}B, "
        f"response_message: {RESPONSE_MAX_BYTES}B }}",
        "log: { format: json, level: info }",
    ]
    if request.get(4):
        credentials = decode(request[7])
        tls = [
            f"certificate: {file('server.crt', credentials[1])}",
            f"key: {file('server.key', credentials[2])}",
        ]
        if request.get(5):
            tls.append(f"client_ca: {file('client.crt', request[5])}")
        lines.append(f"tls: {{ {', '.join(tls)} }}")
    path = folder / "transom.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


class Log:
    """Transom's log lines: finds the port, shows what is worth it, keeps the last ones."""

    def __init__(self, stream, is_verbose):
        self.port = queue.Queue()
        self.last = collections.deque(maxlen=LINES_KEPT)
        self.thread = threading.Thread(target=self.read, args=(stream, is_verbose), daemon=True)
        self.thread.start()

    def read(self, stream, is_verbose):
        for line in stream:
            line = line.rstrip("\n")
            self.last.append(line)
            try:
                record = json.loads(line)
            except ValueError:
                # Words where there should be JSON: a panic.
                record = {"level": "ERROR"}
            if record.get("message") == "listening":
                self.port.put(int(record["address"].rpartition(":")[2]))
            if is_verbose or record.get("level") == "ERROR":
                say(f"transom: {line}")
        self.port.put(None)

    def tell(self):
        """Shows the last lines."""
        self.thread.join(STOP_SECONDS)
        for line in self.last:
            say(f"transom: {line}")


def watch_reader(ended):
    """Notices that nobody reads standard output any more: the suite is gone."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    poll.poll()
    ended.put("the suite")


def serve(arguments, folder, children):
    """Starts both, answers the suite, and waits for an end."""
    ended = queue.Queue()
    request = read_message(sys.stdin.buffer)
    backend, backend_port = start_backend([arguments.backend], ended)
    children.append(backend)
    config = configuration(request, backend_port, arguments.protos.resolve(), folder)
    transom = Child(
        "transom", [arguments.transom, "serve", "--config", config], ended,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    children.append(transom)
    log = Log(transom.process.stderr, arguments.verbose)
    try:
        port = log.port.get(timeout=START_SECONDS)
    except queue.Empty:
        port = None
    if port is None:
        log.tell()
        say("transom did not say that it listens")
        sys.exit(1)
    certificate = decode(request[7])[1] if request.get(4) else b""
    write_message(sys.stdout.buffer, encode((1, HOST.encode()), (2, port), (3, certificate)))
    threading.Thread(target=watch_reader, args=(ended,), daemon=True).start()
    name = ended.get()
    if name == transom.name:
        log.tell()
    say(f"{name} ended first")
    sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--transom", required=True, type=pathlib.Path)
    parser.add_argument("--backend", required=True, type=pathlib.Path)
    parser.add_argument("--protos", required=True, type=pathlib.Path)
    parser.add_argument("--verbose", action="store_true", help="show every log line of Transom")
    arguments = parser.parse_args()

    def stop(*_):
        # Once is enough: what follows is the cleaning up.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    children = []
    with tempfile.TemporaryDirectory(prefix="transom-connect-") as folder:
        try:
            serve(arguments, pathlib.Path(folder), children)
        finally:
            # Transom before its backend, or it would report that one as lost.
            for child in reversed(children):
                child.stop()


main()
