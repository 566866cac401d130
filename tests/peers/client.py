"""Calls the warehouse with grpcio, through the gateway: native gRPC is passed on.

    client.py HOST:PORT

The schema is asked of nobody: messages are sent in wire form, which is all that passing on needs.
"""

import sys

import grpc


def text(number, value):
    """A short string field in wire form."""
    return bytes([number << 3 | 2, len(value)]) + value.encode()


def main():
    with grpc.insecure_channel(sys.argv[1]) as channel:
        create = channel.unary_unary("/warehouse.v1.Stock/CreateItem")
        name = text(1, "sites/grpc/items/a")
        answer = create(text(1, "sites/grpc") + text(2, "a"), timeout=5)
        assert answer == name, answer

        watch = channel.unary_stream("/warehouse.v1.Stock/WatchItems")
        changes = list(watch(text(1, "sites/grpc") + bytes([2 << 3, 100]), timeout=5))
        assert len(changes) == 100, len(changes)

        get = channel.unary_unary("/warehouse.v1.Stock/GetItem")
        _, call = get.with_call(name, timeout=5, compression=grpc.Compression.Gzip)
        assert ("x-site", "north") in call.initial_metadata(), call.initial_metadata()
        assert ("x-cost", "1") in call.trailing_metadata(), call.trailing_metadata()

        for path, request, code in (
            ("/warehouse.v1.Stock/GetItem", text(1, "sites/grpc/items/b"), grpc.StatusCode.NOT_FOUND),
            ("/warehouse.v1.Stock/Nothing", b"", grpc.StatusCode.UNIMPLEMENTED),
        ):
            try:
                channel.unary_unary(path)(request, timeout=5)
            except grpc.RpcError as error:
                assert error.code() == code, error
            else:
                raise AssertionError(f"{path} answered")
    print("ok grpcio: unary, a stream, gzip messages, metadata, trailers, statuses")


main()
