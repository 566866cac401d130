"""The warehouse by grpcio: a backend of another maker, with reflection and health checking.

    server.py PORT [DESCRIPTORS] [--streams N]

Prints `listening on PORT` once it answers (PORT 0 picks one), writes its descriptor set to the
file DESCRIPTORS if one is named, and takes N calls at a time on one connection. A line on its standard
input says how healthy it is from then on (SERVING, NOT_SERVING), and the end of it ends the server.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import time
from concurrent import futures

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status
from grpc_tools import protoc

HERE = pathlib.Path(__file__).parent

options = argparse.ArgumentParser()
options.add_argument("port")
options.add_argument("descriptors", nargs="?")
options.add_argument("--streams", type=int)
options = options.parse_args()


def generated():
    """The types of warehouse.proto, compiled into a folder that is imported from."""
    out = tempfile.mkdtemp(prefix="warehouse-")
    common = pathlib.Path(status_pb2.__file__).parents[2]
    well_known = pathlib.Path(protoc.__file__).parent / "_proto"
    failed = protoc.main(
        ["protoc", f"-I{HERE / 'proto'}", f"-I{common}", f"-I{well_known}",
         f"--python_out={out}", f"--grpc_python_out={out}", "--include_imports",
         f"--descriptor_set_out={options.descriptors or out + '/set'}",
         "warehouse/v1/warehouse.proto"]
    )
    if failed:
        sys.exit("warehouse.proto did not compile")
    sys.path.insert(0, out)
    from warehouse.v1 import warehouse_pb2, warehouse_pb2_grpc

    return warehouse_pb2, warehouse_pb2_grpc


pb, pb_grpc = generated()


def fail(context, code, message, *details):
    """Ends the call with a status and its details."""
    packed = []
    for detail in details:
        packed.append(any_pb2.Any())
        packed[-1].Pack(detail)
    context.abort_with_status(
        rpc_status.to_status(status_pb2.Status(code=code, message=message, details=packed))
    )


class Stock(pb_grpc.StockServicer):
    def __init__(self):
        self.items = {}

    def find(self, name, context):
        item = self.items.get(name)
        if item is None:
            fail(
                context, code_pb2.NOT_FOUND, f"no item is named {name!r} — né?",
                error_details_pb2.ResourceInfo(resource_type="warehouse.v1/Item", resource_name=name),
            )
        return item

    def GetItem(self, request, context):
        context.send_initial_metadata((("x-site", "north"),))
        context.set_trailing_metadata((("x-cost", "1"),))
        return self.find(request.name, context)

    def ListItems(self, request, context):
        wanted = set(request.conditions)
        items = [
            item for name, item in sorted(self.items.items())
            if name.startswith(request.parent + "/") and (not wanted or item.condition in wanted)
            and item.quantity >= request.filter.min_quantity
        ]
        return pb.ListItemsResponse(items=items[: request.page_size or None])

    def CountItems(self, request, context):
        context.send_initial_metadata((("x-server", str(os.getpid())),))
        time.sleep(float(dict(context.invocation_metadata()).get("x-rest", 0)))
        return pb.CountItemsResponse(count=len(self.ListItems(request, context).items))

    def CreateItem(self, request, context):
        if not request.item_id:
            fail(
                context, code_pb2.INVALID_ARGUMENT, "item_id is needed",
                error_details_pb2.BadRequest(field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(field="item_id", description="is empty")]),
            )
        item = pb.Item()
        item.CopyFrom(request.item)
        item.name = f"{request.parent}/items/{request.item_id}"
        self.items[item.name] = item
        return item

    def AdjustItem(self, request, context):
        item = self.find(request.name, context)
        if item.quantity + request.by < 0:
            fail(context, code_pb2.FAILED_PRECONDITION, "the shelf would go below zero")
        item.quantity += request.by
        return item

    def DeleteItem(self, request, context):
        self.find(request.name, context)
        del self.items[request.name]
        return empty_pb2.Empty()

    def WatchItems(self, request, context):
        items = [item for name, item in sorted(self.items.items()) if name.startswith(request.parent)]
        for sequence in range(1, request.changes + 1):
            yield pb.Change(sequence=sequence, item=items[0] if items else None)
            if sequence == request.fail_after:
                fail(context, code_pb2.DATA_LOSS, "the journal is torn")


def main():
    # Whoever offers to take compressed replies gets them.
    streams = [("grpc.max_concurrent_streams", options.streams)] if options.streams else []
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16), options=streams, compression=grpc.Compression.Gzip
    )
    pb_grpc.add_StockServicer_to_server(Stock(), server)
    checks = health.HealthServicer()
    checks.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    names = (pb.DESCRIPTOR.services_by_name["Stock"].full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    port = server.add_insecure_port(f"127.0.0.1:{options.port}")
    server.start()
    print(f"listening on {port}", flush=True)
    for line in sys.stdin:
        checks.set("", health_pb2.HealthCheckResponse.ServingStatus.Value(line.strip()))
    server.stop(0)


main()
