"""A gateway with guardrails before upstreams that answer what the test says."""

import json
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.echo import Seen
from tests.support.gatehouse import KEY, Gateway, gatehouse, key_entry, policy
from tests.support.raw_backend import RawBackend, Reply, raw_backend

JSON = ("content-type", "application/json")
EVENTS = ("content-type", "text/event-stream")
MODES = ("buffered", "duplex")


def guardrail(name: str, target: dict[str, str], stages: Sequence[str], **spec: Any) -> Any:
    """A Guardrail document."""
    return {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "Guardrail",
        "metadata": {"name": name},
        "spec": {"targets": [target], "stages": list(stages), **spec},
    }


def words(*found: str, category: str = "forbidden") -> dict[str, Any]:
    """A detector of words."""
    return {"type": "words", "options": {"lists": [{"category": category, "words": list(found)}]}}


@dataclass
class Stage:
    """A gateway, and the upstream behind it."""

    gateway: Gateway
    raw: RawBackend

    def answer(self, *pieces: bytes, status: int = 200, kind: tuple[str, str] = JSON) -> None:
        """What the upstream answers from now on."""
        self.raw.seen.clear()
        self.raw.answer = lambda _: Reply(status, [kind], list(pieces))

    def post(self, route: str, path: str, body: Any, **headers: str) -> httpx.Response:
        """What a client gets."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.post(
            self.gateway.url(route) + path,
            content=content,
            headers={"content-type": "application/json", "x-api-key": KEY, **headers},
            timeout=30,
        )

    def record(self, answer: httpx.Response) -> dict[str, Any]:
        """The record of an answer that names it."""
        audit_id = answer.headers["x-gatehouse-audit-id"]
        return self.gateway.wait_for_records(1, audit_id=audit_id)[-1]

    @property
    def reached(self) -> list[Any]:
        """The bodies that the upstream got."""
        return [json.loads(one.body) for one in self.raw.seen]


def nothing(_: Seen) -> Reply:
    return Reply(200, [JSON], [b"{}"])


@contextmanager
def guarded(
    folder: Path, protocol: str, guardrails: Sequence[Any], **more: Any
) -> Generator[Stage]:
    """A gateway with a route of `protocol` in each mode."""
    with ExitStack() as stack:
        raw = stack.enter_context(raw_backend(nothing))
        routes = [
            {
                "name": mode,
                "path": f"/{mode}/up",
                "protocol": protocol,
                "mode": mode,
                "backend": "up",
                **more,
            }
            for mode in MODES
        ]
        gateway = stack.enter_context(
            gatehouse(
                folder,
                backends={"up": [f"http://{raw.address}/up"]},
                policies=[policy("all", "up", {"name": "all", "effect": "allow"}), *guardrails],
                routes=routes,
                identity={"keys": [key_entry("tester", KEY)]},
            )
        )
        yield Stage(gateway, raw)
