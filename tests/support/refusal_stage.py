"""A gateway on which every refusal of the table can be had."""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.backends import Backend, python_backend
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, gateway_config, key_entry
from tests.support.ports import free_port
from tests.support.token_issuer import TokenIssuer, token_issuer

BODY_LIMIT = 4096
STRANGER_KEY = "stranger-key-0123456789"


@dataclass(frozen=True)
class Stage:
    """A gateway with the routes `tracker`, `batch` (which takes batches), `small` (which takes
    small bodies) and `down` (whose backend is), and an issuer of tokens that has no keys.

    The tester may call echo, and whoami with a scope that its key lacks; the stranger nothing.
    """

    gateway: Gateway
    backend: Backend
    issuer: TokenIssuer

    def post(self, request: dict[str, Any], route: str = "tracker") -> httpx.Response:
        """POSTs a request as the tester, unless it brings a key of its own."""
        headers = {"x-api-key": KEY} | request["headers"]
        return httpx.post(self.gateway.url(route), **(request | {"headers": headers}))

    def unjudgeable(self) -> dict[str, str]:
        """A header with a token of the issuer whose keys nobody has."""
        return {"authorization": f"Bearer {self.issuer.token('anything')}"}


@contextlib.contextmanager
def refusal_stage(folder: Path) -> Generator[Stage]:
    """The stage for the length of the block."""
    with python_backend(folder) as backend, token_issuer(up=False) as issuer:
        names = {"tracker": [backend.url], "down": [f"http://127.0.0.1:{free_port()}/mcp"]}
        config = gateway_config(names, folder / "gateway")
        config["listeners"][0]["identity"] = {"accept": ["key", "jwt"]}
        config["routes"] += [_route("small", body_limit=BODY_LIMIT), _route("batch", batches=True)]
        config["identity"] = {
            "keys": [key_entry("tester", KEY), key_entry("stranger", STRANGER_KEY)],
            "jwt": [
                {"issuer": issuer.issuer, "audiences": ["anything"], "jwks_url": issuer.jwks_url}
            ],
        }
        tester = ["key:tester"]
        policies = [
            allow("echo", principals=tester, tools=["echo"]),
            allow("scoped", principals=tester, tools=["whoami"], scopes=["who"]),
            allow("down", "down", principals=tester, tools=["echo"]),
        ]
        with gatehouse(folder / "gateway", config=config, policies=policies) as gateway:
            yield Stage(gateway, backend, issuer)


def _route(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "path": f"/{name}", "protocol": "mcp", "backend": "tracker", **members}
