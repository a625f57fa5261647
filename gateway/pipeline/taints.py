"""What is tainted, and where that is remembered. No I/O, no clock.

A taint is kept under what the caller cannot choose for itself: its principal, and beside it the
session that it names. Whoever names another session than before still has the taints of the
principal alone. Keys are hashes: the store learns no name.
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.model.call import Call
from gateway.model.head import RequestHead
from gateway.model.principal import Principal
from gateway.pipeline.hints import AGENTS, SESSION

LONGEST_ID: Final = 4_096
"""Characters of the name of a session that count."""


class TaintStore(Protocol):
    """Remembers taints for all workers and gateways that share it."""

    async def read(self, keys: Sequence[str], labels: Collection[str]) -> frozenset[str] | None:
        """Which of the labels are under any of the keys; None where that cannot be known."""
        ...

    async def write(self, keys: Sequence[str], labels: Mapping[str, float]) -> bool:
        """Keep labels, each for its seconds, under every key; False where that failed."""
        ...


class NoTaints:
    """Remembers nothing, and says so: nothing is known, nothing can be written."""

    async def read(self, keys: Sequence[str], labels: Collection[str]) -> frozenset[str] | None:
        """Nobody knows."""
        del keys, labels

    async def write(self, keys: Sequence[str], labels: Mapping[str, float]) -> bool:
        """It fails."""
        del keys, labels
        return False


@dataclass(frozen=True, slots=True)
class TaintKeys:
    """Under which keys the taints of a caller are. `alone` is of the principal, `sessions` are of
    the principal in the sessions that the request names."""

    alone: str
    sessions: tuple[str, ...]

    @property
    def read(self) -> tuple[str, ...]:
        """Where to look."""
        return (self.alone, *self.sessions)

    def written(self, *, wide: bool) -> tuple[str, ...]:
        """Where to write."""
        return (self.alone,) if wide or not self.sessions else self.sessions


def taint_keys(
    secret: bytes,
    principal: Principal,
    head: RequestHead,
    calls: Collection[Call],
    session: str | None,
) -> TaintKeys:
    """The keys of a request; `session` is that of MCP as the client names it."""
    named = [("mcp", session)] if session else []
    contexts = {str(call.attributes.get("context_id") or "") for call in calls}
    named += [("a2a", one) for one in sorted(contexts - {""})]
    for name in (*SESSION, *AGENTS):
        lines = head.headers.all(name)
        named += [("agent", lines[0])] if len(lines) == 1 and lines[0] else []
    return TaintKeys(
        _key(secret, principal.seal_scope, "", ""),
        tuple(
            dict.fromkeys(
                _key(secret, principal.seal_scope, kind, ident[:LONGEST_ID])
                for kind, ident in named
            )
        ),
    )


def _key(secret: bytes, principal: str, kind: str, ident: str) -> str:
    text = f"{principal}\x1f{kind}\x1f{ident}".encode("utf-8", "surrogatepass")
    return hmac.digest(secret, text, "sha256").hex()[:40]
