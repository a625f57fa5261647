"""The life of a worker process: what it is made of."""

import logging
import os
import socket
from collections.abc import Callable

from gateway.adapters.audit_file import AuditFile
from gateway.adapters.channel import Channel
from gateway.adapters.trace_file import TraceFile
from gateway.bootstrap.guardrails import URL_LISTS
from gateway.bootstrap.snapshot import build_snapshot
from gateway.config.model_armor import ModelArmorServer
from gateway.config.state import State
from gateway.config.wiring import PICKER_SOCKET
from gateway.picker.kv.source import Source
from gateway.pipeline.snapshot import Snapshot
from gateway.server.consulting import ProviderSet
from gateway.server.heap import keep_freed_memory
from gateway.server.listening import Hear, Subscription
from gateway.server.picker_process import PickerProcess
from gateway.server.sanitizing import Authenticate, Examine, Listener, Terms
from gateway.server.sharing import Stream
from gateway.server.taints import ClosableStore
from gateway.server.worker import Worker
from gateway.telemetry.traces import NoTracing, SdkTracing, Tracing


async def run_worker(channel_fd: int, index: int, address: str) -> None:
    """The life of a worker process: `channel_fd` is the inherited line to the supervisor."""
    logging.basicConfig(
        level=os.environ.get("GATEHOUSE_LOG", "WARNING"),
        format=f"%(asctime)s worker-{index} %(levelname)s %(message)s",
    )
    keep_freed_memory()
    channel = await Channel.over(socket.socket(fileno=channel_fd))
    worker = Worker(channel, address, build_snapshot, AuditFile, open_tracing)
    worker.trace_to(TraceFile)
    worker.remember_in(open_taints)
    worker.consult_by(open_providers)
    worker.refresh_by(URL_LISTS.refresh)
    worker.sanitize_by(open_model_armor)
    if picker := os.environ.get(PICKER_SOCKET):
        worker.pick_by(picker)
    else:
        worker.share_over(open_stream)
        worker.listen_by(open_subscription)
    await worker.run()


async def run_picker(channel_fd: int, address: str) -> None:
    """The life of the picker process. `address` is "unix:PATH"."""
    logging.basicConfig(
        level=os.environ.get("GATEHOUSE_LOG", "WARNING"),
        format="%(asctime)s picker %(levelname)s %(message)s",
    )
    channel = await Channel.over(socket.socket(fileno=channel_fd))
    process = PickerProcess(channel, address.removeprefix("unix:"), build_snapshot)
    process.share_over(open_stream)
    process.listen_by(open_subscription)
    await process.run()


def open_stream(
    state: State,
    name: str,
    on_message: Callable[[bytes, float], None],
    on_change: Callable[[str | None], None],
) -> Stream:
    """The stream of this name in the Redis that the configuration names."""
    from gateway.adapters.redis_stream import RedisStream  # noqa: PLC0415  slow, and seldom used

    return RedisStream(state, name, on_message, on_change)


def open_taints(state: State) -> ClosableStore:
    """The store of taints in the Redis that the configuration names."""
    from gateway.adapters import redis_taints  # noqa: PLC0415  slow, and seldom used

    return redis_taints.open_taints(state)


def open_providers() -> ProviderSet:
    """What asks the providers of guardrails."""
    from gateway.adapters.guardrails.providers import Providers  # noqa: PLC0415  slow, seldom used

    return Providers()


def open_model_armor(
    server: ModelArmorServer,
    terms: Callable[[], Terms],
    authenticate: Authenticate,
    examine: Examine,
) -> Listener:
    """What serves Model Armor's API."""
    # Slow, and seldom used.
    from gateway.server.model_armor import ModelArmorApplication  # noqa: PLC0415
    from gateway.server.model_armor_listener import ModelArmorListener  # noqa: PLC0415

    application = ModelArmorApplication(terms, authenticate, examine)
    return ModelArmorListener(server, application.application)


def open_subscription(source: Source, hear: Hear, malformed: Callable[[], None]) -> Subscription:
    """A subscription to the events of one model server."""
    from gateway.adapters.kv_events import (  # noqa: PLC0415  slow, and seldom used
        KvEventSubscription,
    )

    return KvEventSubscription(source, hear, malformed)


def open_tracing(snapshot: Snapshot) -> Tracing:
    """Spans go to the collector that the configuration names, or nowhere."""
    if snapshot.otlp_endpoint is None:
        return NoTracing()
    from gateway.adapters.otlp import otlp_processor  # noqa: PLC0415  a third of a worker's start

    processor = otlp_processor(snapshot.otlp_endpoint)
    return SdkTracing(snapshot.service_name, processor, snapshot.sampling)
