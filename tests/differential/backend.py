"""The backend behind both gateways: it keeps what it received, by case, and mostly answers it."""

import threading
from concurrent import futures

import grpc

from schema import SERVICE

CODES = {code.value[0]: code for code in grpc.StatusCode}


class Backend(grpc.GenericRpcHandler):
    def __init__(self, schema):
        self.schema = schema
        self.received = {}
        self.lock = threading.Lock()
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
        self.server.add_generic_rpc_handlers((self,))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def take(self, case):
        """The rpc's name and message that arrived for a case, if one did."""
        with self.lock:
            return self.received.pop(case, None)

    def service(self, details):
        service, _, rpc = details.method.strip("/").partition("/")
        method = self.schema.methods.get(rpc)
        if service != SERVICE or method is None:
            return None
        case = dict(details.invocation_metadata).get("x-case")

        def keep(raw):
            message = self.schema.request_type(rpc).FromString(raw)
            with self.lock:
                self.received[case] = (rpc, message)
            return message

        answer = getattr(self, rpc.lower(), self.echo)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(answer, keep, lambda m: m.SerializeToString())
        return grpc.unary_unary_rpc_method_handler(answer, keep, lambda m: m.SerializeToString())

    def echo(self, request, context):
        return request

    def delete(self, request, context):
        return self.schema.type("google.protobuf.Empty")()

    def upload(self, request, context):
        return self.schema.type("differential.v1.Thing")(text=request.content_type, blob=request.data)

    def download(self, request, context):
        return self.schema.type("google.api.HttpBody")(content_type="application/x-things", data=request.text.encode())

    def fetch(self, request, context):
        request.file.content_type, request.file.data = "application/x-things", request.text.encode()
        return request

    def fail(self, request, context):
        self.end(context, request.code, request.text, request.details)

    def watch(self, request, context):
        for index in range(min(request.i32, 20)):
            request.i64 = index
            yield request
        if request.u32:
            self.end(context, request.u32, "torn", request.u64)

    def stretch(self, request, context):
        body = self.schema.type("google.api.HttpBody")
        for index in range(min(request.i32, 20)):
            yield body(content_type="text/plain", data=f"{index} {request.text}\n".encode())

    def end(self, context, code, message, details):
        """Ends a call; `details` counts the details that go with the status."""
        if details:
            status = self.schema.type("google.rpc.Status")(code=code, message=message)
            for index in range(min(details, 4)):
                kind, fields = (
                    ("google.rpc.ErrorInfo", {"reason": "TORN", "domain": "things", "metadata": {"at": "3"}}),
                    ("google.rpc.RetryInfo", {"retry_delay": {"seconds": 1, "nanos": 500_000_000}}),
                    ("differential.v1.Leaf", {"name": "né", "number": 2**60}),
                    ("google.rpc.Help", {"links": [{"description": "a", "url": "http://b"}]}),
                )[index]
                status.details.add().Pack(self.schema.type(kind)(**fields))
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        # A code that gRPC does not define cannot be sent by this library.
        context.abort(CODES.get(code, grpc.StatusCode.UNKNOWN) if code else grpc.StatusCode.INTERNAL, message)
