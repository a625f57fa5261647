"""Composition: from files to a snapshot, in the supervisor and in its workers.

The only module that knows every package. The supervisor loads and compiles first, so that every
error has its place in a file; a worker gets the values that passed and compiles them again, since
compiled policies cannot be sent between processes.
"""

import base64
import hashlib
import json
import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, SecretStr

from gateway.adapters.audit_file import AuditFile
from gateway.adapters.channel import Channel
from gateway.config.document import named_files, validate
from gateway.config.folder import read_folder
from gateway.config.keys import session_key
from gateway.config.loading import inspect_gateway
from gateway.config.reach import checked, spoken
from gateway.config.schema import Gateway, Route
from gateway.config.wiring import routed_name
from gateway.identity.keys import KeySets, parse_key_set
from gateway.identity.rules import compile_rules
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.problem import Place, Problem
from gateway.pipeline.snapshot import RouteStage, Snapshot
from gateway.policy.cel import Runtime
from gateway.policy.celengine import FALLBACK, Engine
from gateway.policy.celengine import runtime as cel_runtime
from gateway.policy.compile import compile_policies
from gateway.policy.engine import PolicySet
from gateway.policy.schema import AccessPolicy
from gateway.policy.source import PolicySource
from gateway.protocols.base import Settings
from gateway.protocols.registry import plugin_of
from gateway.server.worker import Worker
from gateway.sessions.seal import Sealer
from gateway.telemetry.traces import NoTracing, SdkTracing, Tracing

DEMO_KEY_BYTES: Final = 32


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` say where and why, and `watched` are the files
    and folders that it was read from: a change of one may have mended it."""

    def __init__(self, problems: tuple[Problem, ...], watched: tuple[Path, ...] = ()) -> None:
        errors = [str(problem) for problem in problems if problem.severity == "error"]
        super().__init__("\n".join(errors))
        self.problems = problems
        self.watched = watched


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that passed every check. `sources` are the validated policy documents,
    `policies` what they compiled to, `watched` the files and folders that it came from;
    `made_up_key` is whether the sealing key is one of demo mode."""

    gateway: Gateway
    sources: tuple[PolicySource, ...]
    policies: PolicySet
    warnings: tuple[Problem, ...]
    watched: tuple[Path, ...]
    made_up_key: bool = False

    @property
    def digest(self) -> str:
        """A short name for exactly this configuration, secrets left out."""
        shown = [self.gateway.model_dump_json()]
        shown += [source.model.model_dump_json() for source in self.sources]
        return hashlib.sha256("\n".join(shown).encode()).hexdigest()[:12]

    def with_key_of(self, other: "Loaded") -> "Loaded":
        """This configuration with the sealing key of `other` if both are made up: such a key lives
        as long as the run, so that sessions survive a reload."""
        if not (self.made_up_key and other.made_up_key):
            return self
        gateway = self.gateway.model_copy(update={"sessions": other.gateway.sessions})
        return replace(self, gateway=gateway)


def load(
    path: Path,
    environment: Mapping[str, str],
    *,
    demo: bool = False,
    engine: Engine | None = None,
) -> Loaded:
    """Read and check gateway.yaml and its policies. Raises `ConfigurationError`.

    With `demo` a missing sealing key is made up for this run; `engine` is the CEL implementation to
    check with (default: the one that judges here).
    """
    inspected = inspect_gateway(path, environment, demo=demo)
    gateway, watched = inspected.gateway, _watched(path, inspected.typed, environment)
    if gateway is None:
        watched = (*watched, *_key_sets(inspected.typed))
        raise ConfigurationError(inspected.problems, watched)
    made_up = demo and not gateway.sessions.keys
    if made_up:
        gateway = _with_demo_key(gateway)
    sources, problems = _policy_sources(Path(gateway.policies), environment)
    if problems:
        raise ConfigurationError(problems, watched)
    runtime = _runtime(engine, path)
    policies = compile_policies(
        sources,
        backends=[backend.name for backend in gateway.backends],
        routes=[route.name for route in gateway.routes],
        spoken=spoken(gateway),
        checked=checked(gateway),
        base=gateway.base,
        runtime=runtime,
    )
    if not isinstance(policies, PolicySet):
        raise ConfigurationError(policies, watched)
    _check_listeners(gateway, path, watched)
    warnings = (*inspected.problems, *_engine_warning(runtime, engine, path), *policies.warnings)
    return Loaded(gateway, sources, policies, warnings, watched, made_up)


def folder_policies(folder: Path, environment: Mapping[str, str]) -> PolicySet:
    """The policies of a folder alone, for whatever backends and routes they name.

    Raises `ConfigurationError`.
    """
    sources, problems = _policy_sources(folder, environment)
    if problems:
        raise ConfigurationError(problems)
    targets = [target for source in sources for target in source.model.spec.targets]
    policies = compile_policies(
        sources,
        backends=[target.backend for target in targets if target.backend],
        routes=[target.route for target in targets if target.route],
    )
    if not isinstance(policies, PolicySet):
        raise ConfigurationError(policies)
    return policies


def snapshot_message(
    loaded: Loaded,
    number: int,
    key_sets: Mapping[str, bytes],
    retiring: Iterable[Loaded] = (),
) -> JsonObject:
    """What a worker needs to build the snapshot. Holds secrets: for the private channel only.

    Routes of `retiring` that are gone, or lead elsewhere now, stay known for requests that Envoy
    still sends by them.
    """
    now = {routed_name(route) for route in loaded.gateway.routes}
    before = {routed_name(route): route for one in retiring for route in one.gateway.routes}
    gone = [route for name, route in before.items() if name not in now]
    issuers = [one.issuer for one in loaded.gateway.identity.jwt]
    return {
        "type": "snapshot",
        "number": number,
        "digest": loaded.digest,
        "gateway": _revealed(loaded.gateway),
        "retiring": [_revealed(route) for route in gone],
        "policies": [_revealed(source.model) for source in loaded.sources],
        "key_sets": {name: key_sets[name].decode() for name in issuers if name in key_sets},
    }


def build_snapshot(message: JsonObject, missed: Callable[[str], None]) -> Snapshot:
    """The snapshot that a message describes; `missed` is told issuers whose key set lacks a key.

    Raises ValueError for a message that does not compile, which the supervisor's would.
    """
    gateway = Gateway.model_validate_json(json.dumps(message["gateway"]))
    policies = compile_policies(
        [_unplaced(value) for value in _list(message["policies"])],
        backends=[backend.name for backend in gateway.backends],
        routes=[route.name for route in gateway.routes],
        spoken=spoken(gateway),
        base=gateway.base,
    )
    if not isinstance(policies, PolicySet):
        raise ValueError(str(policies[0]))  # noqa: TRY004  a problem of the configuration
    sets = {
        issuer: parse_key_set(str(text).encode())
        for issuer, text in _dict(message["key_sets"]).items()
    }
    retiring = [_route(value) for value in _list(message["retiring"])]
    limits = gateway.limits
    return Snapshot(
        number=int(str(message["number"])),
        digest=str(message["digest"]),
        routes={routed_name(route): route_stage(route) for route in (*retiring, *gateway.routes)},
        listeners={
            listener.name: compile_rules(
                listener.identity,
                gateway.identity,
                {route.name: route.scopes for route in gateway.routes},
            )
            for listener in gateway.listeners
        },
        policies=policies,
        keys=KeySets(sets, missed),
        sealer=Sealer(
            [session_key(key.get_secret_value()) for key in gateway.sessions.keys],
            gateway.sessions.ttl,
        ),
        authorization_servers=gateway.identity.authorization_servers,
        response_bytes=limits.response_bytes,
        opaque=gateway.record.tell == "opaque",
        record_endpoint=gateway.record.endpoint == "always",
        record_path=gateway.record.path,
        worker_tls=gateway.service.tls,
        otlp_endpoint=gateway.telemetry.otlp_endpoint,
        service_name=gateway.telemetry.service_name,
        sampling=gateway.telemetry.sampling,
        decision_seconds=limits.decision_seconds,
        drain_seconds=limits.drain_seconds,
        streams=limits.streams,
        held_bytes=limits.held_bytes,
    )


async def run_worker(channel_fd: int, index: int, address: str) -> None:
    """The life of a worker process: `channel_fd` is the inherited line to the supervisor."""
    logging.basicConfig(
        level=os.environ.get("GATEHOUSE_LOG", "WARNING"),
        format=f"%(asctime)s worker-{index} %(levelname)s %(message)s",
    )
    channel = await Channel.over(socket.socket(fileno=channel_fd))
    await Worker(channel, address, build_snapshot, AuditFile, open_tracing).run()


def _watched(
    path: Path, gateway: Gateway | None, environment: Mapping[str, str]
) -> tuple[Path, ...]:
    """gateway.yaml and everything that it and its policies name."""
    watched = (path, *named_files(path, environment))
    if gateway is None:
        return watched
    folder = Path(gateway.policies)
    named = [name for file in folder.rglob("*.y*ml") for name in named_files(file, environment)]
    return (*watched, folder, *named, *secret_files(gateway))


def _key_sets(gateway: Gateway | None) -> Iterable[Path]:
    """The key set files of issuers, which are read again by themselves once they are there."""
    issuers = gateway.identity.jwt if gateway else ()
    return (Path(one.jwks_file) for one in issuers if one.jwks_file)


def secret_files(gateway: Gateway) -> tuple[Path, ...]:
    """Certificates and keys that the configuration names; a change of one is a reload."""
    named: list[str | None] = []
    for listener in gateway.listeners:
        if listener.tls is not None:
            named += [listener.tls.certificate, listener.tls.key, listener.tls.client_ca]
    for backend in gateway.backends:
        if backend.tls is not None:
            named += [backend.tls.ca, backend.tls.certificate, backend.tls.key]
    return tuple(Path(name) for name in named if name)


def _policy_sources(
    folder: Path, environment: Mapping[str, str]
) -> tuple[tuple[PolicySource, ...], tuple[Problem, ...]]:
    read = read_folder(folder, environment)
    sources: list[PolicySource] = []
    problems = list(read.problems)
    text_of = cache(_text)  # a file may hold many documents
    for resource in read.resources:
        if resource.kind != AccessPolicy.__name__:
            text = f"unknown kind {resource.kind}"
            problems.append(resource.document.problem(("kind",), text, "use AccessPolicy"))
            continue
        policy = validate(resource.document, AccessPolicy)
        if isinstance(policy, AccessPolicy):
            text = text_of(resource.document.file)
            sources.append(PolicySource(policy, resource.document.place, text))
        else:
            problems += policy
    return tuple(sources), tuple(problems)


def _runtime(engine: Engine | None, path: Path) -> Runtime:
    try:
        return cel_runtime(engine)
    except ImportError as error:
        fix = f"use {FALLBACK}"
        problem = Problem(
            Place(str(path), 1, 1), "policies", f"{engine} cannot be imported here", fix
        )
        raise ConfigurationError((problem,)) from error


def _engine_warning(runtime: Runtime, engine: Engine | None, path: Path) -> tuple[Problem, ...]:
    """That this process judges with the fallback, if nobody asked for it."""
    if engine is not None or runtime.name != FALLBACK:
        return ()
    text = f"policies run on {FALLBACK}, which is slower: cel-expr-python cannot be imported here"
    return (Problem(Place(str(path), 1, 1), "policies", text, severity="warning"),)


def _text(file: str) -> str:
    return Path(file).read_text("utf-8-sig")


def _check_listeners(gateway: Gateway, path: Path, watched: tuple[Path, ...]) -> None:
    for number, listener in enumerate(gateway.listeners):
        try:
            compile_rules(listener.identity, gateway.identity)
        except ValueError as error:
            problem = Problem(Place(str(path), 1, 1), f"listeners[{number}]", str(error))
            raise ConfigurationError((problem,), watched) from error


def _with_demo_key(gateway: Gateway) -> Gateway:
    key = base64.b64encode(secrets.token_bytes(DEMO_KEY_BYTES)).decode()
    sessions = gateway.sessions.model_copy(update={"keys": (SecretStr(key),)})
    return gateway.model_copy(update={"sessions": sessions})


def open_tracing(snapshot: Snapshot) -> Tracing:
    """Spans go to the collector that the configuration names, or nowhere."""
    if snapshot.otlp_endpoint is None:
        return NoTracing()
    from gateway.adapters.otlp import otlp_processor  # noqa: PLC0415  a third of a worker's start

    processor = otlp_processor(snapshot.otlp_endpoint)
    return SdkTracing(snapshot.service_name, processor, snapshot.sampling)


def route_stage(route: Route) -> RouteStage:
    """A route of the configuration with its protocol."""
    settings = Settings(
        path=route.path,
        backend=route.backend,
        body_limit=route.body_limit,
        origins=frozenset(route.allowed_origins),
        batches=route.batches,
        aliases=route.aliases,
        usage=route.usage,
    )
    protocol = None if route.protocol == "unjudged" else plugin_of(route.protocol)(settings)
    return RouteStage(
        name=route.name,
        path=route.path,
        listener=route.listener,
        backend=route.backend,
        protocol=protocol,
        body_limit=route.body_limit,
        scopes=route.scopes,
        metadata=route.metadata,
        aliases=frozenset(route.aliases),
    )


def _route(value: JsonValue) -> Route:
    return Route.model_validate_json(json.dumps(value))


def _unplaced(value: JsonValue) -> PolicySource:
    policy = AccessPolicy.model_validate_json(json.dumps(value))
    return PolicySource(policy, lambda _path: Place(policy.metadata.name, 1, 1))


def _revealed(model: BaseModel) -> JsonValue:
    """The model as JSON with its secrets in clear."""
    value: JsonValue = json.loads(
        json.dumps(model.model_dump(exclude_unset=True), default=_secret_text)
    )
    return value


def _secret_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    raise TypeError(f"{type(value).__name__} in a configuration")


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _dict(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
