"""The backend of gRPC's interoperability cases, by grpcio.

    backend.py

Prints `listening on PORT` once it answers, and ends when its standard input does.
"""

import pathlib
import sys
import tempfile
import time
from concurrent import futures

import grpc
from grpc_tools import protoc

HERE = pathlib.Path(__file__).parent


def generated():
    """The types of the protos, compiled into a folder that is imported from."""
    out = tempfile.mkdtemp(prefix="interop-")
    files = [f"grpc/testing/{name}.proto" for name in ("empty", "messages", "test")]
    if protoc.main(["protoc", f"-I{HERE / 'proto'}", f"--python_out={out}", f"--grpc_python_out={out}", *files]):
        sys.exit("the protos did not compile")
    # The generated folder is called grpc, like the library.
    grpc.__path__.append(f"{out}/grpc")
    from grpc.testing import empty_pb2, messages_pb2, test_pb2_grpc

    return empty_pb2, messages_pb2, test_pb2_grpc


empty, messages, test_grpc = generated()


def echo_metadata(context):
    """Sends two names of the request's metadata back, one before the messages, one behind."""
    received = dict(context.invocation_metadata())
    initial, trailing = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
    if initial in received:
        context.send_initial_metadata(((initial, received[initial]),))
    if trailing in received:
        context.set_trailing_metadata(((trailing, received[trailing]),))


def end(request, context):
    """Ends the call with the status that the request asks for."""
    if request.response_status.code:
        codes = {code.value[0]: code for code in grpc.StatusCode}
        context.abort(codes[request.response_status.code], request.response_status.message)


class Test(test_grpc.TestServiceServicer):
    """Does not have UnimplementedCall: the generated class answers it."""

    def EmptyCall(self, request, context):
        return empty.Empty()

    def UnaryCall(self, request, context):
        echo_metadata(context)
        end(request, context)
        return messages.SimpleResponse(payload=messages.Payload(body=bytes(request.response_size)))

    def StreamingOutputCall(self, request, context):
        echo_metadata(context)
        for wanted in request.response_parameters:
            time.sleep(wanted.interval_us / 1e6)
            yield messages.StreamingOutputCallResponse(payload=messages.Payload(body=bytes(wanted.size)))
        end(request, context)


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    test_grpc.add_TestServiceServicer_to_server(Test(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on {port}", flush=True)
    sys.stdin.read()
    server.stop(0)


main()
