"""The audit record. Pure: no I/O, no clock; time is a parameter.

A record holds names, decisions and durations. Arguments, prompts, tokens and answers have no
field here, so they cannot be written by mistake.
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.audit.detection import About, detections
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.outcome import Outcome
from gateway.model.placement import Placement
from gateway.model.usage import Usage

NAME_LIMIT: Final = 256
"""Characters of a name that a client, a token or an upstream chose that a record keeps."""
LIST_LIMIT: Final = 16
"""Entries of a list (actors, shadow rules) that a record keeps."""


@dataclass(slots=True)
class Record:
    """Filled while the request walks the pipeline; written once.

    `stages` are durations in microseconds. `endpoint` is "ip:port" of what served, empty when no
    stage learned it. `snapshot` and `digest` name the configuration that judged. `first_chunk` is
    when the first piece of a stream that is read came, in seconds after the request. `picked` is
    the placement in a pool, `waited` the seconds in its queue, `guarded` what guardrails found,
    `taints` what the conversation had read, or reads now. `tool_refused` says why a tool must not
    be called and `tool_guardrail` by which Guardrail, `tools_left_out` counts those left out of
    lists by why.
    """

    audit_id: str
    started: float
    snapshot: int
    digest: str
    route: str = ""
    backend: str = ""
    listener: str = ""
    protocol: str = ""
    principal: str = ""
    principal_kind: str = ""
    actors: tuple[str, ...] = ()
    peer: str = ""
    method: str = ""
    target: str = ""
    version: str = ""
    batch: int = 0
    decision: str = ""
    policy: str = ""
    rule: str = ""
    reason: str = ""
    shadow: tuple[str, ...] = ()
    status: int = 0
    endpoint: str = ""
    trace_id: str = ""
    unread: bool = False
    filtered: int = 0
    usage: Usage | None = None
    first_chunk: float | None = None
    picked: Placement | None = None
    waited: float = 0.0
    guarded: Outcome | None = None
    taints: tuple[str, ...] = ()
    tool_refused: str = ""
    tool_guardrail: str = ""
    tools_left_out: dict[str, int] = field(default_factory=dict[str, int])
    written: bool = False
    stages: dict[str, int] = field(default_factory=dict[str, int])

    def to_json(self, ended: float) -> JsonObject:
        """The record as a JSON object; `ended` is in seconds on the clock of `started`."""
        values: JsonObject = {
            "time": round(self.started, 6),
            "audit_id": self.audit_id,
            "decision": self.decision,
            "principal": _bounded(self.principal),
            "actors": _bounded_list(self.actors),
            "method": _bounded(self.method),
            "target": _bounded(self.target),
            "policy": self.policy,
            "rule": self.rule,
            "reason": self.reason,
            "route": _bounded(self.route),
            "backend": self.backend,
            "listener": self.listener,
            "endpoint": _bounded(self.endpoint),
            "peer": _bounded(self.peer),
            "status": self.status,
            "trace_id": _bounded(self.trace_id),
            "snapshot": self.snapshot,
            "digest": self.digest,
            "duration_us": round((ended - self.started) * 1e6),
            "stages_us": dict[str, JsonValue](self.stages),
        }
        values.update(self._where_set())
        return values

    def _where_set(self) -> JsonObject:
        rare: JsonObject = {
            "protocol": self.protocol,
            "version": _bounded(self.version),
            "principal_kind": self.principal_kind,
            "batch": self.batch,
            "shadow": _bounded_list(self.shadow),
            "unread": self.unread,
            "filtered": self.filtered,
            "usage": _usage(self.usage),
            "first_chunk_us": round((self.first_chunk or 0) * 1e6),
            "pick": _pick(self.picked),
            "waited_us": round(self.waited * 1e6),
            "taints": _bounded_list(self.taints),
            "tools": self._tools(),
            "guardrails": _guarded(self.guarded),
            "detections": self._detections(),
        }
        return {key: value for key, value in rare.items() if value}

    def _tools(self) -> JsonObject:
        """What was wrong with the tool that was called, and with tools of lists, by why."""
        told: JsonObject = {
            "refused": self.tool_refused,
            "guardrail": self.tool_guardrail,
            "left_out": dict[str, JsonValue](self.tools_left_out),
        }
        return {key: value for key, value in told.items() if value}

    def _detections(self) -> list[JsonValue]:
        if self.guarded is None:
            return []
        about = About(
            audit_id=self.audit_id,
            time=self.started,
            digest=self.digest,
            principal=_bounded(self.principal),
            protocol=self.protocol,
            method=_bounded(self.method),
            target=_bounded(self.target),
            backend=self.backend,
            trace_id=self.trace_id,
        )
        return detections(self.guarded, about)


def _guarded(outcome: Outcome | None) -> JsonValue:
    """What guardrails did, in a line; what they found is in `detections`."""
    if outcome is None:
        return None
    told: JsonObject = {
        "applied": _bounded_list(outcome.guardrails),
        "action": outcome.action.value if outcome.action else "",
        "shadow": outcome.shadow.value if outcome.shadow else "",
        "blocked_by": outcome.blocked_by,
        "findings": outcome.findings,
        "skipped": len(outcome.missed),
        "excluded": outcome.excluded,
        "masked": outcome.masked,
        "dropped": outcome.dropped,
        "released_characters": outcome.released if outcome.blocked_by else 0,
        "us": dict[str, JsonValue](outcome.microseconds),
    }
    return {key: value for key, value in told.items() if value}


def _pick(picked: Placement | None) -> JsonValue:
    if picked is None:
        return None
    values: JsonObject = {
        "pool": picked.pool,
        "endpoint": picked.endpoint,
        "profile": picked.profile,
        "cached_tokens": picked.cached_tokens,
        "prompt_tokens": picked.prompt_tokens,
    }
    if picked.expected is not None:
        values["expected_ms"] = round(picked.expected, 1)
    if picked.prefiller is not None:
        values["prefiller"] = picked.prefiller
    if picked.degraded:
        values["degraded"] = True
    return values


def _usage(usage: Usage | None) -> JsonValue:
    if usage is None:
        return None
    return {
        "input": usage.input,
        "output": usage.output,
        "cached": usage.cached,
        "reasoning": usage.reasoning,
        "model": _bounded(usage.model),
        "finish": _bounded(usage.finish),
    }


def _bounded(text: str) -> str:
    return text if len(text) <= NAME_LIMIT else text[:NAME_LIMIT] + "…"


def _bounded_list(texts: tuple[str, ...]) -> list[JsonValue]:
    kept: list[JsonValue] = [_bounded(text) for text in texts[:LIST_LIMIT]]
    return kept if len(texts) <= LIST_LIMIT else [*kept, "…"]
