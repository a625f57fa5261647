"""What is tainted, and where that is remembered. No I/O, no clock.

A taint is kept under what the caller cannot choose for itself: its principal, and beside it the
session that it names. Whoever names another session than before still has the taints of the
principal alone, and whoever names none those of all its sessions: leaving the name out cleans
nobody. Keys are hashes: the store learns no name.
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.model.call import Call
from gateway.model.head import RequestHead
from gateway.model.principal import Principal
from gateway.pipeline.hints import AGENTS, SESSION

_BEGINS: Final = "initialize"
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
    the principal in the sessions that the request names, `anywhere` of all of its sessions.
    `begins` is whether the request begins a session, so that it can name none."""

    alone: str
    sessions: tuple[str, ...]
    anywhere: str
    begins: bool = False

    @property
    def read(self) -> tuple[str, ...]:
        """Where to look."""
        nameless = not (self.sessions or self.begins)
        return (self.alone, self.anywhere) if nameless else (self.alone, *self.sessions)

    def written(self, *, wide: bool) -> tuple[str, ...]:
        """Where to write."""
        if wide or not self.sessions:
            return (self.alone,)
        return (*self.sessions, self.anywhere)


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
    scope = principal.seal_scope
    sessions = [_key(secret, scope, kind, ident[:LONGEST_ID]) for kind, ident in named]
    return TaintKeys(
        alone=_key(secret, scope, "", ""),
        sessions=tuple(dict.fromkeys(sessions)),
        anywhere=_key(secret, scope, "any", ""),
        begins=all(call.method == _BEGINS for call in calls),
    )


def _key(secret: bytes, principal: str, kind: str, ident: str) -> str:
    text = f"{principal}\x1f{kind}\x1f{ident}".encode("utf-8", "surrogatepass")
    return hmac.digest(secret, text, "sha256").hex()[:40]
