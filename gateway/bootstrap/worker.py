"""The life of a worker process: what it is made of."""

import logging
import os
import socket

from gateway.adapters.audit_file import AuditFile
from gateway.adapters.channel import Channel
from gateway.bootstrap.snapshot import build_snapshot
from gateway.config.wiring import PICKER_SOCKET
from gateway.pipeline.snapshot import Snapshot
from gateway.server.picker_process import PickerProcess
from gateway.server.worker import Worker
from gateway.telemetry.traces import NoTracing, SdkTracing, Tracing


async def run_worker(channel_fd: int, index: int, address: str) -> None:
    """The life of a worker process: `channel_fd` is the inherited line to the supervisor."""
    logging.basicConfig(
        level=os.environ.get("GATEHOUSE_LOG", "WARNING"),
        format=f"%(asctime)s worker-{index} %(levelname)s %(message)s",
    )
    channel = await Channel.over(socket.socket(fileno=channel_fd))
    worker = Worker(channel, address, build_snapshot, AuditFile, open_tracing)
    if picker := os.environ.get(PICKER_SOCKET):
        worker.pick_by(picker)
    await worker.run()


async def run_picker(channel_fd: int, address: str) -> None:
    """The life of the picker process. `address` is "unix:PATH"."""
    logging.basicConfig(
        level=os.environ.get("GATEHOUSE_LOG", "WARNING"),
        format="%(asctime)s picker %(levelname)s %(message)s",
    )
    channel = await Channel.over(socket.socket(fileno=channel_fd))
    await PickerProcess(channel, address.removeprefix("unix:"), build_snapshot).run()


def open_tracing(snapshot: Snapshot) -> Tracing:
    """Spans go to the collector that the configuration names, or nowhere."""
    if snapshot.otlp_endpoint is None:
        return NoTracing()
    from gateway.adapters.otlp import otlp_processor  # noqa: PLC0415  a third of a worker's start

    processor = otlp_processor(snapshot.otlp_endpoint)
    return SdkTracing(snapshot.service_name, processor, snapshot.sampling)
