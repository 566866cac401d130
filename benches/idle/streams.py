"""Opens gRPC-Web server streams that stay silent after their first message, and holds them.

    streams.py PORT http2|http1 STREAMS

A browser's requests without a browser: over HTTP/2 a hundred on each connection, over HTTP/1.1 one.
Each asks `EchoService/Stream` for items a minute apart. Prints the seconds until every stream had
its first message, and then holds them until its standard input ends.
"""

import selectors
import socket
import struct
import sys
import time

PATH = b"/demo.echo.v1.EchoService/Stream"
PER_CONNECTION = 100
# Connections that wait for first messages at a time: a queue of calls shall not be what is measured.
AT_ONCE = {"http2": 4, "http1": 400}
HEADERS = {
    b"content-type": b"application/grpc-web+proto",
    b"accept": b"application/grpc-web+proto",
    b"x-grpc-web": b"1",
    b"user-agent": b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    b"x-user-agent": b"grpc-web-javascript/0.1",
    b"accept-language": b"en-GB,en;q=0.9",
}
# StreamRequest { count: 1000, size: 20, interval: { seconds: 60 } } in its envelope.
REQUEST = b"\x08\xe8\x07\x10\x14\x1a\x02\x08\x3c"
REQUEST = struct.pack(">BI", 0, len(REQUEST)) + REQUEST


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class Http2:
    """One connection, a hundred streams."""

    streams = PER_CONNECTION

    def __init__(self, port):
        self.buffer, self.answered = b"", set()
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fields = {b":authority": f"127.0.0.1:{port}".encode(), b":path": PATH, **HEADERS}
        # POST and http are in HPACK's table; all else as literals that enter no table.
        block = b"\x83\x86" + b"".join(
            bytes([0, len(name)]) + name + bytes([len(value)]) + value for name, value in fields.items()
        )
        out = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", frame(4, 0, 0)]
        for number in range(PER_CONNECTION):
            out += [frame(1, 4, 2 * number + 1, block), frame(0, 1, 2 * number + 1, REQUEST)]
        self.socket.sendall(b"".join(out))

    def read(self):
        """How many more streams have answered."""
        data, before = self.socket.recv(1 << 18), len(self.answered)
        if not data:
            sys.exit("the gateway closed a connection")
        self.buffer += data
        while len(self.buffer) >= 9:
            length = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + length:
                break
            kind, flags = self.buffer[3:5]
            stream = int.from_bytes(self.buffer[5:9], "big")
            payload, self.buffer = self.buffer[9 : 9 + length], self.buffer[9 + length :]
            if kind == 0 and length:
                if payload[0] & 0x80:
                    sys.exit(f"a stream has ended: {payload}")
                self.answered.add(stream)
            elif kind in (3, 7):
                sys.exit(f"the gateway sent {'RST_STREAM' if kind == 3 else 'GOAWAY'}: {payload}")
            elif kind in (4, 6) and not flags & 1:
                self.socket.sendall(frame(kind, 1, 0, payload if kind == 6 else b""))
        return len(self.answered) - before


class Http1:
    """One connection, one stream."""

    streams = 1

    def __init__(self, port):
        self.buffer = b""
        self.socket = socket.create_connection(("127.0.0.1", port))
        fields = {b"host": f"127.0.0.1:{port}".encode(), b"content-length": str(len(REQUEST)).encode(), **HEADERS}
        head = b"".join(b"%s: %s\r\n" % field for field in fields.items())
        self.socket.sendall(b"POST %s HTTP/1.1\r\n%s\r\n%s" % (PATH, head, REQUEST))

    def read(self):
        data = self.socket.recv(1 << 16)
        if not data:
            sys.exit(f"the gateway closed a connection: {self.buffer}")
        if self.buffer is None:
            return 0  # an item later on
        self.buffer += data
        head, _, body = self.buffer.partition(b"\r\n\r\n")
        if b"x" * 20 not in body:
            return 0
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(f"the gateway answered {self.buffer}")
        self.buffer = None
        return 1


def main():
    port, version, streams = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    kind = {"http2": Http2, "http1": Http1}[version]
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    begun, opened, answered = time.monotonic(), 0, 0
    while True:
        while opened < streams and opened - answered < AT_ONCE[version] * kind.streams:
            connection = kind(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            opened += kind.streams
        for key, _ in selector.select():
            if key.data is None:
                return
            more = key.data.read()
            answered += more
            if more and answered == streams:
                print(f"{time.monotonic() - begun:.2f}", flush=True)


main()
