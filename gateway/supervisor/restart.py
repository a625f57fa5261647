"""What a reload cannot change: it was given to Envoy, or to the gateway's own processes, when they
were started. Pure: no I/O, no clock."""

from collections.abc import Iterator

from gateway.config.schema import Gateway


def needs_restart(running: Gateway, wanted: Gateway) -> tuple[str, ...]:
    """The parts of gateway.yaml in which `wanted` asks for more than a reload, by their YAML
    paths. `running` is the configuration that the processes were started with."""
    return (*_service(running, wanted), *_envoy(running, wanted), *_workers(running, wanted))


def _service(running: Gateway, wanted: Gateway) -> Iterator[str]:
    for name in type(running.service).model_fields:
        if name == "model_armor":  # workers open and close that as they go
            continue
        if getattr(running.service, name) != getattr(wanted.service, name):
            yield f"service.{name}"


def _envoy(running: Gateway, wanted: Gateway) -> Iterator[str]:
    """The static part of Envoy's configuration: listeners, with their chains of filters."""
    if [one.name for one in running.listeners] != [one.name for one in wanted.listeners]:
        yield "listeners"
        return
    for number, (old, new) in enumerate(zip(running.listeners, wanted.listeners, strict=True)):
        for name in ("address", "port", "tls"):
            if getattr(old, name) != getattr(new, name):
                yield f"listeners[{number}].{name}"
        if _claims(old.identity.xfcc_from) != _claims(new.identity.xfcc_from):
            yield f"listeners[{number}].identity.xfcc_from"
        if old.identity.metadata_namespaces != new.identity.metadata_namespaces:
            yield f"listeners[{number}].identity.metadata_namespaces"
    for name in ("streams", "decision_seconds", "drain_seconds", "heap_bytes"):
        if getattr(running.limits, name) != getattr(wanted.limits, name):
            yield f"limits.{name}"


def _claims(hops: tuple[str, ...]) -> bool:
    """Envoy only knows whether there are such hops at all."""
    return bool(hops)


def _workers(running: Gateway, wanted: Gateway) -> Iterator[str]:
    """What a worker opens once: its sinks, a socket that takes messages of some size, and its line
    to the picker, which is there if there were pools."""
    if running.record.path != wanted.record.path:
        yield "record.path"
    if running.telemetry != wanted.telemetry:
        yield "telemetry"
    if running.service.workers > 1 and wanted.pools and not running.pools:
        yield "pools"
    largest = max(route.body_limit for route in running.routes)
    for number, route in enumerate(wanted.routes):
        if route.body_limit > largest:
            yield f"routes[{number}].body_limit"
