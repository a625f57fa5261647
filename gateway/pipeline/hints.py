"""What a request says of how it wants to be placed, as far as it may. No I/O, no clock.

Source of the names: the endpoint picker protocol, llm-d router v0.10; each has an older alias that
is read where the newer name is absent. A hint counts for the principals that the route lists it
for. One that does not count, occurs twice or cannot be read is as if it were absent, so that no
client learns what counts; none of them goes on to a model server.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.config.pool import Hint, Hints
from gateway.model.head import Headers, RequestHead
from gateway.model.jsonvalue import JsonValue
from gateway.model.principal import Principal
from gateway.policy.glob import Glob, any_matches

OBJECTIVE: Final = ("x-llm-d-inference-objective", "x-gateway-inference-objective")
FAIRNESS: Final = ("x-llm-d-inference-fairness-id", "x-gateway-inference-fairness-id")
REWRITE: Final = ("x-llm-d-model-name-rewrite", "x-gateway-model-name-rewrite")
TTFT_SLO: Final = ("x-llm-d-slo-ttft-ms", "x-slo-ttft-ms")
TPOT_SLO: Final = ("x-llm-d-slo-tpot-ms", "x-slo-tpot-ms")
SESSION: Final = ("x-session-id",)

AGENTS: Final = (
    "x-claude-code-session-id",
    "x-session-affinity",
    "session-id",
    "session_id",
)
"""By which agents name their sessions: Claude Code, OpenCode, Codex from 0.131, Codex 0.130. They
always count: all that they do is to keep the caller's own requests together."""

UNSUPPORTED: Final = (
    "x-session-token",
    "x-prediction-based-scheduling",
    "x-llm-d-video-fps",
    "x-llm-d-video-duration-seconds",
    "x-llm-d-video-resolution",
)
"""Hints of the protocol that nothing here heeds. A session token names an endpoint, and no client
chooses one."""

CONTROL_HEADERS: Final = (
    *OBJECTIVE,
    *FAIRNESS,
    *REWRITE,
    *TTFT_SLO,
    *TPOT_SLO,
    *SESSION,
    *UNSUPPORTED,
)
"""Every header that a model server must not get from a client, whether it counted or not."""

SUBSET_NAMESPACE: Final = "envoy.lb.subset_hint"
SUBSET: Final = "x-gateway-destination-endpoint-subset"
"""The key of the filter metadata that names the only endpoints that may be picked."""

MOST_ENDPOINTS: Final = 4_096
"""Of a subset. A longer one is cut: it only ever takes choices away."""

_LONGEST: Final = 256
_TEXT: Final = re.compile(rf"[!-~](?:[ -~]{{0,{_LONGEST - 2}}}[!-~])?")
_MILLISECONDS: Final = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,6})?")
_PREFER: Final = "if-available"


@dataclass(frozen=True, slots=True)
class RequestHints:
    """What counts of a request. `objective` names a priority, "" for none. `flow` is whom fairness
    counts it for. `session` is the same for requests that belong together, "" where nothing says
    so; it is a hash, of the principal as well. `model` is the one to ask instead, "" for none;
    whoever heeds it has to judge it like one that the body names. The SLOs are seconds. `subset`
    are the only addresses that may be picked, None for any. `if_available` is whether the client
    would rather be refused than served without a cached prefix, which is not supported.
    """

    flow: str
    objective: str = ""
    session: str = ""
    model: str = ""
    ttft_slo: float | None = None
    tpot_slo: float | None = None
    subset: tuple[str, ...] | None = None
    if_available: bool = False


class HintRules:
    """Whose hints count on a route, and which. With `proxied` its requests come from a proxy whose
    filter metadata is the word of its operator, whoever the client is."""

    __slots__ = ("_rules", "proxied")

    def __init__(self, hints: Iterable[Hints], *, proxied: bool = False) -> None:
        self.proxied = proxied
        self._rules = tuple(
            (tuple(Glob(text) for text in one.principals), frozenset(one.allow)) for one in hints
        )

    def allowed(self, principal: Principal) -> frozenset[Hint]:
        """The hints that count of this principal, by every rule together that names it."""
        return frozenset[Hint]().union(
            *(allow for globs, allow in self._rules if any_matches(globs, principal.id))
        )


NO_HINTS: Final = HintRules(())
"""Nobody's count."""


def read_hints(head: RequestHead, principal: Principal, rules: HintRules) -> RequestHints:
    """The hints of a request that count. Without a fairness id that does, its flow is that of its
    principal, so that one caller with many agents takes no more than one with a single agent."""
    allowed, headers = rules.allowed(principal), head.headers
    has_slo = "slo" in allowed
    return RequestHints(
        flow=(_named_flow(headers) if "fairness" in allowed else "") or flow_of(principal),
        objective=_text(headers, OBJECTIVE) if "objective" in allowed else "",
        session=_session(headers, principal, SESSION if "session" in allowed else ()),
        model=_text(headers, REWRITE) if "rewrite" in allowed else "",
        ttft_slo=_seconds(headers, TTFT_SLO) if has_slo else None,
        tpot_slo=_seconds(headers, TPOT_SLO) if has_slo else None,
        subset=_subset(head, rules, hinted="subset" in allowed),
        if_available=_prefers(headers),
    )


def _named_flow(headers: Headers) -> str:
    """The flow that a header names: never that of a principal, which is another's to fill."""
    named = _text(headers, FAIRNESS)
    return f"hint:{named}" if named else ""


def flow_of(principal: Principal) -> str:
    """The flow of a principal: its id, of bounded length."""
    ident = principal.id
    if len(ident) <= _LONGEST:
        return ident
    return f"{ident[: _LONGEST // 2]}~{_hash(ident)}"


def _session(headers: Headers, principal: Principal, own: tuple[str, ...]) -> str:
    """The first session that is named: two callers who say the same are not together."""
    for name in (*own, *AGENTS):
        if ident := _text(headers, (name,)):
            return _hash(f"{principal.seal_scope}\x1f{name}\x1f{ident}")
    return ""


def _text(headers: Headers, names: tuple[str, ...]) -> str:
    """The value by the first of `names` that is there; "" if it is none that counts."""
    for name in names:
        lines = headers.all(name)
        if lines:
            return lines[0] if len(lines) == 1 and _TEXT.fullmatch(lines[0]) else ""
    return ""


def _seconds(headers: Headers, names: tuple[str, ...]) -> float | None:
    """A number of milliseconds above 0, at most 8 digits, as seconds."""
    text = _text(headers, names)
    milliseconds = float(text) if _MILLISECONDS.fullmatch(text) else 0.0
    return milliseconds / 1000 if milliseconds > 0 else None


def _subset(head: RequestHead, rules: HintRules, *, hinted: bool) -> tuple[str, ...] | None:
    """The addresses that filter metadata name, where those count, else those of the header of that
    name, which counts only by a hint. Of a list what is no text is left out; any other value names
    none, so that nothing may be picked rather than anything."""
    namespace = head.metadata.get(SUBSET_NAMESPACE, {})
    if SUBSET in namespace and (hinted or rules.proxied):
        value: JsonValue = namespace[SUBSET]
        listed = value if isinstance(value, list) else []
        return tuple([one for one in listed if isinstance(one, str)][:MOST_ENDPOINTS])
    lines = head.headers.all(SUBSET) if hinted else ()
    if not lines:
        return None
    named = [one.strip() for one in ",".join(lines).split(",")]
    return tuple([one for one in named if one][:MOST_ENDPOINTS])


def _prefers(headers: Headers) -> bool:
    """RFC 7240: preferences are separated by commas, over lines too, and may have parameters."""
    given = ",".join(headers.all("prefer")).split(",")
    return any(one.partition(";")[0].strip().lower() == _PREFER for one in given)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
