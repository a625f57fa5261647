"""A gateway whose workers only say "continue": what Envoy and gRPC cost with nothing judged.

    python -m benchmarks.continuing up --config FILE --ready-file FILE --workers N

The supervisor and Envoy's configuration are the real ones, hence the same messages in the same
modes. The handler is as small as it can be: grpc.aio, the generated messages, two fixed answers.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, Final

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from gateway.adapters.channel import Channel, ChannelClosedError
from gateway.config.wiring import AUDIT_ID, METADATA_NAMESPACE
from gateway.server import extproc_pb2 as pb
from gateway.server.service import EXT_PROC_SERVICE
from gateway.supervisor.options import Options
from gateway.supervisor.supervisor import Supervisor

RECEIVE_BYTES: Final = 8 * 1024 * 1024


async def process(_requests: object, stream: Any) -> None:
    """Answer every message until Envoy ends the stream."""
    while (raw := await stream.read()) is not aio.EOF:
        message = pb.ProcessingRequest.FromString(raw)
        answer = pb.ProcessingResponse()
        if message.WhichOneof("request") == "request_headers":
            answer.request_headers.SetInParent()
            override = answer.mode_override
            override.request_body_mode = pb.ProcessingMode.BodySendMode.BUFFERED
            override.request_trailer_mode = pb.ProcessingMode.HeaderSendMode.SEND
            override.response_header_mode = pb.ProcessingMode.HeaderSendMode.SKIP
        else:
            answer.request_body.SetInParent()
            verdict = answer.dynamic_metadata.fields[METADATA_NAMESPACE].struct_value
            verdict.fields[AUDIT_ID].string_value = "none"  # Envoy lets nothing pass without it
        await stream.write(answer.SerializeToString())


async def serve(address: str) -> aio.Server:
    """A server on `address` that Envoy finds healthy."""
    server = aio.server(options=[("grpc.max_receive_message_length", RECEIVE_BYTES)])
    make_handler: Any = grpc.stream_stream_rpc_method_handler
    methods = {"Process": make_handler(process)}
    handler = grpc.method_handlers_generic_handler(EXT_PROC_SERVICE, methods)
    server.add_generic_rpc_handlers((handler,))
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    server.add_insecure_port(address)
    await server.start()
    for name in ("", EXT_PROC_SERVICE):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    return server


async def run_worker(channel_fd: int, address: str) -> None:
    """Take part in the supervisor's protocol until it ends the line."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 0)
    channel = await Channel.over(socket.socket(fileno=channel_fd))
    server = await serve(address)
    try:
        while True:
            message = await channel.receive()
            poll = message.get("type") == "poll"
            await channel.send(
                {"snapshot": 1, "streams": 0, "missed": []} if poll else {"pid": os.getpid()}
            )
    except ChannelClosedError:
        await server.stop(0)


def main() -> None:
    """Runs the supervisor or, as that asks, a worker."""
    parser = argparse.ArgumentParser(prog="continuing")
    roles = parser.add_subparsers(dest="role", required=True)
    up = roles.add_parser("up")
    up.add_argument("-c", "--config", type=Path, required=True)
    up.add_argument("--ready-file", type=Path, required=True)
    up.add_argument("--workers", type=int, required=True)
    up.add_argument("--quiet", action="store_true")
    worker = roles.add_parser("worker")
    worker.add_argument("--channel", type=int, required=True)
    worker.add_argument("--index", type=int, required=True)
    worker.add_argument("--listen", required=True)
    given = parser.parse_args()
    if given.role == "worker":
        asyncio.run(run_worker(given.channel, given.listen))
        return
    options = Options(
        config=given.config,
        workers=given.workers,
        ready_file=given.ready_file,
        quiet=given.quiet,
        envoy=True,
        worker_command=(sys.executable, "-m", "benchmarks.continuing", "worker"),
    )
    sys.exit(asyncio.run(Supervisor(options).run()))


if __name__ == "__main__":
    main()
