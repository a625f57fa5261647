"""An OAuth authorisation server on loopback: metadata, a JWKS that can rotate, tokens on request.

Grants client credentials (RFC 6749, 4.4) to anybody, with the scopes and the resource (RFC 8707)
that were asked for: what a gateway does with the tokens is the subject of the tests.
"""

import contextlib
import json
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import jwt

from gateway.model.jsonvalue import JsonValue
from tests.identity.issuer import jwks, private_key, public_jwk
from tests.support.http_server import Handler, serving
from tests.support.ports import free_port

METADATA = "/.well-known/oauth-authorization-server"
ALGORITHM = "ES256"


@dataclass
class TokenIssuer:
    """A running issuer. `kids` are the keys that it publishes, the last one signs; `up` False
    makes it answer 503; `fetches` are the times of requests for its keys (monotonic seconds),
    `grants` the forms of requests for tokens."""

    issuer: str
    kids: list[str] = field(default_factory=lambda: ["first"])
    up: bool = True
    fetches: list[float] = field(default_factory=list[float])
    grants: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    @property
    def jwks_url(self) -> str:
        """Where its keys are."""
        return f"{self.issuer}/jwks"

    def jwks(self) -> bytes:
        """Its key set as it is now."""
        return jwks(
            *(public_jwk(private_key(ALGORITHM, self._name(kid)), kid=kid) for kid in self.kids)
        )

    def token(self, audience: str, subject: str = "alice", **claims: JsonValue) -> str:
        """A token signed by the newest key; None as a claim removes it."""
        return self.sign(self.claims(audience, subject, **claims))

    def claims(self, audience: str, subject: str, **claims: JsonValue) -> dict[str, JsonValue]:
        """The claims of a good token, changed by `claims`."""
        now = int(time.time())
        good: dict[str, JsonValue] = {
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "exp": now + 300,
            "iat": now,
        }
        return {name: value for name, value in {**good, **claims}.items() if value is not None}

    def sign(self, claims: dict[str, JsonValue], kid: str | None = None) -> str:
        """These claims, signed by the key `kid`, the newest by default."""
        kid = kid or self.kids[-1]
        key = private_key(ALGORITHM, self._name(kid))
        return jwt.api_jws.encode(json.dumps(claims).encode(), key, ALGORITHM, {"kid": kid})

    def _name(self, kid: str) -> str:
        return f"{self.issuer} {kid}"

    def metadata(self) -> dict[str, Any]:
        """The document of RFC 8414."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": self.jwks_url,
            "response_types_supported": ["code"],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }


@contextlib.contextmanager
def token_issuer(*, up: bool = True) -> Generator[TokenIssuer]:
    """An issuer for the length of the block."""
    port = free_port()
    issuer = TokenIssuer(f"http://127.0.0.1:{port}", up=up)

    class Issuing(Handler):
        def do_GET(self) -> None:  # noqa: N802  http.server calls it
            if self.path == "/jwks":
                issuer.fetches.append(time.monotonic())
            if not issuer.up:
                self.answer(503)
            elif self.path == "/jwks":
                self.answer(200, issuer.jwks(), content_type="application/jwk-set+json")
            elif self.path == METADATA:
                self._json(200, issuer.metadata())
            else:
                self._json(404, {})

        def do_POST(self) -> None:  # noqa: N802  http.server calls it
            form = {name: values[0] for name, values in parse_qs(self.body().decode()).items()}
            issuer.grants.append(form)
            token = issuer.token(form["resource"], "agent", scope=form.get("scope"))
            granted = {"access_token": token, "token_type": "Bearer", "expires_in": 300}
            scope = {"scope": form["scope"]} if "scope" in form else {}
            self._json(200, granted | scope)

        def _json(self, status: int, document: dict[str, Any]) -> None:
            self.answer(status, json.dumps(document).encode(), content_type="application/json")

    with serving(Issuing, port=port):
        yield issuer
