"""From a configuration to the snapshot that a worker judges by.

A worker gets the values that passed and compiles them again, since compiled policies cannot be sent
between processes.
"""

import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import Enum

from pydantic import BaseModel, SecretStr

from gateway.bootstrap.guardrails import Guarding, compile_guarding, unplaced
from gateway.bootstrap.load import Loaded
from gateway.bootstrap.model_armor import model_armor_stage
from gateway.bootstrap.tool_locks import hashes, tool_book
from gateway.config.endpoint_picker import EndpointPickerSpec
from gateway.config.keys import session_key
from gateway.config.picker_protocol_checks import listener_of, open_to_anybody
from gateway.config.pool import Pool
from gateway.config.reach import spoken
from gateway.config.schema import Gateway, Route
from gateway.config.wiring import FOREIGN_ROUTE, routed_name
from gateway.identity.keys import KeySets, parse_key_set
from gateway.identity.rules import compile_rules
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.problem import Place
from gateway.picker.plan import PickerPlan, plan_of
from gateway.pipeline.foreign_proxy import ForeignProxy
from gateway.pipeline.hints import HintRules
from gateway.pipeline.pool import pool_stage
from gateway.pipeline.snapshot import RouteStage, Snapshot
from gateway.policy.compile import compile_policies
from gateway.policy.engine import PolicySet
from gateway.policy.provenance import ProvenanceBook
from gateway.policy.provenance_schema import Provenance
from gateway.policy.schema import AccessPolicy
from gateway.policy.source import PolicySource
from gateway.protocols.base import Settings
from gateway.protocols.registry import plugin_of
from gateway.sessions.envelope import Envelope
from gateway.sessions.seal import Sealer


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
        "guardrails": [_revealed(source.model) for source in loaded.guardrails],
        "guardrail_folders": [source.beside for source in loaded.guardrails],
        "provenance": [_revealed(source.model) for source in loaded.provenance],
        "tool_pins": hashes(loaded.tool_pins),
        "pickers": {name: _revealed(spec) for name, spec in loaded.pickers.items()},
        "key_sets": {name: key_sets[name].decode() for name in issuers if name in key_sets},
    }


def build_snapshot(message: JsonObject, missed: Callable[[str], None]) -> Snapshot:
    """The snapshot that a message describes; `missed` is told issuers whose key set lacks a key.

    Raises ValueError for a message that does not compile, which the supervisor's would.
    """
    gateway = Gateway.model_validate_json(json.dumps(message["gateway"]))
    policies = compile_policies(
        [_unplaced(value) for value in _list(message["policies"])],
        backends=[backend.name for backend in gateway.upstreams],
        routes=[route.name for route in gateway.routes],
        spoken=spoken(gateway),
        base=gateway.base,
    )
    if not isinstance(policies, PolicySet):
        raise ValueError(str(policies[0]))  # noqa: TRY004  a problem of the configuration
    guarding = compile_guarding(
        [
            unplaced(value, str(folder))
            for value, folder in zip(
                _list(message["guardrails"]), _list(message["guardrail_folders"]), strict=True
            )
        ],
        policies,
        backends=[backend.name for backend in gateway.upstreams],
        routes=[route.name for route in gateway.routes],
        spoken=spoken(gateway),
        run=gateway.service.run,
    )
    if not isinstance(guarding, Guarding):
        raise ValueError(str(guarding[0]))  # noqa: TRY004  as above
    sets = {
        issuer: parse_key_set(str(text).encode())
        for issuer, text in _dict(message["key_sets"]).items()
    }
    retiring = [_route(value) for value in _list(message["retiring"])]
    limits = gateway.limits
    keys = [session_key(key.get_secret_value()) for key in gateway.sessions.keys]
    return Snapshot(
        number=int(str(message["number"])),
        digest=str(message["digest"]),
        routes={
            routed_name(route): route_stage(route, gateway.pools)
            for route in (*retiring, *gateway.routes)
        }
        | foreign_routes(gateway),
        listeners={
            listener.name: compile_rules(
                listener.identity,
                gateway.identity,
                {route.name: route.scopes for route in gateway.routes},
            )
            for listener in gateway.listeners
        },
        policies=policies,
        guardrails=guarding.book,
        guarded=guarding.matches,
        pickers=_pickers(gateway, _dict(message["pickers"])),
        traces={pool.name: pool.trace for pool in gateway.pools if pool.trace is not None},
        trace_key=_derived_key(gateway, b"gatehouse trace"),
        providers=gateway.guardrail_providers,
        taint_key=_derived_key(gateway, b"gatehouse taint"),
        text_key=_derived_key(gateway, b"gatehouse text"),
        provenance=ProvenanceBook(
            Provenance.model_validate_json(json.dumps(value))
            for value in _list(message["provenance"])
        ),
        tools=tool_book(gateway, _dict(message["tool_pins"])),
        model_armor=model_armor_stage(gateway),
        foreign=foreign_proxy(gateway),
        keys=KeySets(sets, missed),
        sealer=Sealer(keys, gateway.sessions.ttl),
        state=gateway.state,
        envelope=Envelope(keys) if gateway.state.shared else None,
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


def route_stage(route: Route, pools: Sequence[Pool] = ()) -> RouteStage:
    """A route of the configuration with its protocol, and those of `pools` that it leads to."""
    named = {pool.name: pool for pool in pools}
    led = [pool_stage(named[one]) for one in (route.backend, *route.pools) if one in named]
    settings = Settings(
        path=route.path,
        backend=route.backend,
        body_limit=route.body_limit,
        origins=frozenset(route.allowed_origins),
        batches=route.batches,
        aliases=route.aliases,
        models=tuple(dict.fromkeys(model for pool in led for model in pool.models)),
        pooled=bool(led),
        usage=route.usage,
        blocked_as=route.blocked_as,
    )
    plugin = None if route.protocol == "unjudged" else plugin_of(route.protocol)
    return RouteStage(
        name=route.name,
        path=route.path,
        listener=route.listener,
        backend=route.backend,
        protocol=plugin(settings) if plugin else None,
        body_limit=route.body_limit,
        scopes=route.scopes,
        metadata=route.metadata,
        aliases=frozenset(route.aliases),
        renamed=route.aliases,
        pools=tuple(led),
        usage=route.usage,
        hints=HintRules(route.hints),
        sampled=plugin(replace(settings, usage="all")) if plugin and led else None,
    )


def foreign_proxy(gateway: Gateway) -> ForeignProxy | None:
    """How requests of proxies are taken that somebody else configures; None if they are not."""
    picks = gateway.service.endpoint_picker
    route = _foreign_route(gateway)
    if picks is None or route is None:
        return None
    return ForeignProxy(
        listener_of(gateway, route) or "",
        gateway.limits.decision_seconds,
        fallbacks=picks.fallbacks,
        overrides=picks.mode_override,
        tell=picks.tell,
        keeps_credentials=picks.credentials == "pass",
        anybody=open_to_anybody(gateway.service),
    )


def foreign_routes(gateway: Gateway) -> dict[str, RouteStage]:
    """The route of such requests under its name there: its filter metadata are the proxy's word."""
    route = _foreign_route(gateway)
    if route is None:
        return {}
    stage = route_stage(route, gateway.pools)
    return {FOREIGN_ROUTE: replace(stage, hints=HintRules(route.hints, proxied=True))}


def _foreign_route(gateway: Gateway) -> Route | None:
    picks = gateway.service.endpoint_picker
    named = picks.route if picks is not None else None
    return next((route for route in gateway.routes if route.name == named), None)


def _pickers(gateway: Gateway, documents: JsonObject) -> dict[str, PickerPlan]:
    """How each pool picks, by its name."""
    specs = {
        name: EndpointPickerSpec.model_validate_json(json.dumps(value))
        for name, value in documents.items()
    }
    return {
        pool.name: replace(plan_of(pool.picker, specs), kv_events=pool.kv_events)
        for pool in gateway.pools
    }


def _derived_key(gateway: Gateway, purpose: bytes) -> bytes:
    """The same for all workers, and for all gateways with the same sealing key."""
    if not gateway.sessions.keys:  # the sealer says so
        return b""
    secret = session_key(gateway.sessions.keys[0].get_secret_value())
    return hmac.digest(secret, purpose, "sha256")


def _route(value: JsonValue) -> Route:
    return Route.model_validate_json(json.dumps(value))


def _unplaced(value: JsonValue) -> PolicySource:
    policy = AccessPolicy.model_validate_json(json.dumps(value))
    return PolicySource(policy, lambda _path: Place(policy.metadata.name, 1, 1))


def _revealed(model: BaseModel) -> JsonValue:
    """The model as JSON with its secrets in clear."""
    value: JsonValue = json.loads(json.dumps(model.model_dump(exclude_unset=True), default=_plain))
    return value


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Enum | date):
        return str(value.value if isinstance(value, Enum) else value)
    raise TypeError(f"{type(value).__name__} in a configuration")


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _dict(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
