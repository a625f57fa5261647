"""The configuration of `gatehouse up --pool`: a route over given model servers, without a file.

It listens on loopback only, and lets in who has the key that is made for the run.
"""

import base64
import hashlib
import json
import re
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.cli.examination import engine_of
from gateway.cli.model_server import AskError, ModelServer, ServerUrl, parse_url
from gateway.model.jsonvalue import JsonObject, JsonValue

LOOPBACK: Final = "127.0.0.1"
PORT: Final = 10000
ADMIN_PORT: Final = 9909
ENVOY_ADMIN_PORT: Final = 9901
ROUTE_PATH: Final = "/v1"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,255}")
"""Names of models that may stand in a configuration: none that it would read as anything else."""


class InstantError(ValueError):
    """No such configuration can be made; the text says why, a line for each server."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A configuration that is written nowhere yet, and the key of its only caller."""

    gateway: JsonObject
    policy: JsonObject
    models: tuple[str, ...]
    key: str = field(repr=False)

    def write(self, folder: Path) -> Path:
        """The path of the gateway.yaml in `folder`, which nobody else should read."""
        (folder / "policies").mkdir()
        (folder / "policies" / "everything.yaml").write_text(json.dumps(self.policy, indent=1))
        file = folder / "gateway.yaml"
        file.write_text(json.dumps(self.gateway, indent=1))
        return file


@dataclass(frozen=True, slots=True)
class Server:
    """A model server that answered."""

    url: ServerUrl
    models: tuple[str, ...]
    engine: str


def instant(
    urls: Sequence[str], port: int | None, free: Callable[[int], int] | None = None
) -> Instant:
    """Ask the servers at `urls` what they serve, and make a configuration that routes over them, on
    `port` (None: 10000, or any that is free). Servers with different models are different pools.
    `free` gives a free port, if possible the one that it is given. Raises InstantError."""
    servers = _asked(urls)
    pools = _pools(servers)
    key = secrets.token_urlsafe(24)
    choose = free or free_port
    gateway: JsonObject = {
        "apiVersion": "gatehouse.dev/v1",
        "listeners": [
            {
                "name": "local",
                "address": LOOPBACK,
                "port": choose(PORT) if port is None else port,
                "identity": {"accept": ["key"]},
            }
        ],
        "routes": [
            {
                "name": "models",
                "path": ROUTE_PATH,
                "protocol": "openai",
                "backend": "pool-1",
                "pools": [str(pool["name"]) for pool in pools[1:]],
            }
        ],
        "pools": [*pools],
        "identity": {
            "keys": [{"name": "local", "sha256": hashlib.sha256(key.encode()).hexdigest()}]
        },
        "sessions": {"keys": [base64.b64encode(secrets.token_bytes(32)).decode()]},
        "service": {
            "admin": f"{LOOPBACK}:{choose(ADMIN_PORT)}",
            "envoy_admin": f"{LOOPBACK}:{choose(ENVOY_ADMIN_PORT)}",
        },
    }
    models = tuple(dict.fromkeys(name for server in servers for name in server.models))
    return Instant(gateway, _policy([str(pool["name"]) for pool in pools]), models, key)


def _asked(urls: Sequence[str]) -> list[Server]:
    servers: list[Server] = []
    faults: list[str] = []
    for text in dict.fromkeys(urls):
        try:
            servers.append(_ask(text))
        except (AskError, ValueError) as error:
            faults.append(f"{text}: {error}")
    if faults:
        raise InstantError("\n".join(faults))
    return servers


def _ask(text: str) -> Server:
    """What a server says of itself. Raises AskError or ValueError."""
    url = parse_url(text)
    server = ModelServer(url.base, url.metrics)
    models = server.models()
    if not models:
        raise AskError("serves no model")
    for name in models:
        if not _NAME.fullmatch(name):
            raise AskError(f"serves a model with the name {name[:40]!r}: it wants a gateway.yaml")
    try:
        engine = engine_of(server.ask_metrics())
    except AskError:
        engine = None
    return Server(url, tuple(sorted(models)), engine or "openai")


def _pools(servers: Sequence[Server]) -> list[JsonObject]:
    """A pool for each set of models, path and engine."""
    groups: dict[tuple[tuple[str, ...], str, str], list[Server]] = {}
    for server in servers:
        groups.setdefault((server.models, server.url.path, server.engine), []).append(server)
    owner: dict[str, str] = {}
    pools: list[JsonObject] = []
    for (models, path, engine), members in groups.items():
        addresses: list[JsonValue] = [str(one.url.address) for one in members]
        for model in models:
            if (other := owner.setdefault(model, str(addresses[0]))) != addresses[0]:
                text = f"{other} and {addresses[0]} both serve {model}, but differ in engine, path "
                raise InstantError(text + "or other models: that wants a gateway.yaml")
        pools.append(
            {
                "name": f"pool-{len(pools) + 1}",
                "endpoints": addresses,
                "path": path,
                "models": [*models],
                "engine": engine,
            }
        )
    return pools


def _policy(pools: Sequence[str]) -> JsonObject:
    return {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "AccessPolicy",
        "metadata": {"name": "everything"},
        "spec": {
            "targets": [{"backend": name} for name in pools],
            "rules": [{"name": "key-of-this-run", "effect": "allow", "principals": ["key:local"]}],
        },
    }


def free_port(wanted: int) -> int:
    """`wanted` if nobody has it on loopback, else another that is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise InstantError("no port is free on loopback")
