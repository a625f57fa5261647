"""Identity from tokens: several issuers, keys from files and from real HTTP servers."""

import base64
import hashlib
import hmac
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.identity.issuer import private_key
from tests.support.echo import Echo, echo
from tests.support.gatehouse import Gateway, allow, gatehouse
from tests.support.messages import modern_call
from tests.support.ports import free_port
from tests.support.token_issuer import ALGORITHM, TokenIssuer, token_issuer
from tests.support.waiting import until

AUDIENCE = "https://gateway.example/tracker"


@dataclass(frozen=True)
class Stage:
    """A gateway that trusts three issuers: `url`, fetched over HTTP every 300 s or when a token
    names a new key; `file`, whose keys are in a file; `late`, which is down when the gateway
    starts."""

    gateway: Gateway
    upstream: Echo
    url: TokenIssuer
    file: TokenIssuer
    late: TokenIssuer
    key_file: Path

    def call(self, token: str, tool: str = "echo", scheme: str = "Bearer") -> httpx.Response:
        """A tool call with `token`."""
        request = modern_call(tool, authorization=f"{scheme} {token}")
        return httpx.post(self.gateway.url("tracker"), **request)

    def allowed(self, token: str) -> bool:
        """Whether a call with `token` reaches the upstream."""
        answer = self.call(token)
        return answer.status_code == 200 and "result" in answer.json()

    def key_set(self, issuer: TokenIssuer) -> dict[str, object]:
        """What `gatehouse status` says of an issuer's keys."""
        sets = self.gateway.status()["key_sets"]
        return next(one for one in sets if one["issuer"] == issuer.issuer)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("tokens")
    with (
        echo() as upstream,
        token_issuer() as url,
        token_issuer() as file,
        token_issuer(up=False) as late,
    ):
        key_file = folder / "keys.json"
        key_file.write_bytes(file.jwks())
        issuers = [
            {"issuer": url.issuer, "jwks_url": url.jwks_url},
            {"issuer": file.issuer, "jwks_file": str(key_file), "refresh": 0.2},
            {"issuer": late.issuer, "jwks_url": late.jwks_url},
        ]
        common = {"audiences": [AUDIENCE], "leeway": 5}
        policies = [
            allow("first", principals=[f"jwt:{url.issuer}#alice"], tools=["echo"]),
            allow("second", principals=[f"jwt:{file.issuer}#bob"], tools=["echo"]),
            allow("guests", principals=["jwt:*#dora"], tools=["echo"]),
            allow("third", principals=[f"jwt:{late.issuer}#carol"], tools=["echo"]),
        ]
        with gatehouse(
            folder / "gateway",
            backends={"tracker": [upstream.url]},
            policies=policies,
            listeners=[{"name": "users", "port": free_port(), "identity": {"accept": ["jwt"]}}],
            identity={"jwt": [{**common, **one} for one in issuers]},
        ) as gateway:
            yield Stage(gateway, upstream, url, file, late, key_file)


def test_each_issuer_has_its_own_users(stage: Stage) -> None:
    stage.upstream.take()
    assert stage.allowed(stage.url.token(AUDIENCE, "alice"))
    assert stage.allowed(stage.file.token(AUDIENCE, "bob"))
    assert stage.allowed(stage.url.token("", "alice", aud=["https://other.example", AUDIENCE]))
    assert len(stage.upstream.take()) == 3
    same_name = stage.call(stage.file.token(AUDIENCE, "alice"))
    assert (same_name.status_code, same_name.json()["error"]["code"]) == (200, -31403)
    assert stage.upstream.take() == []
    name = f"jwt:{stage.file.issuer}#alice"
    assert stage.gateway.wait_for_records(1, reason="denied", principal=name)


def hand_made(header: dict[str, str], claims: dict[str, object], key: bytes = b"") -> str:
    """A token that no library would make: unsigned, or an HMAC under any bytes."""
    signed = b".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.new(key, signed, hashlib.sha256).digest() if key else b""
    return (signed + b"." + encoded(signature)).decode()


def encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def bad_tokens(stage: Stage) -> dict[str, str]:
    url, file, now = stage.url, stage.file, int(time.time())
    claims = dict[str, object](url.claims(AUDIENCE, "alice"))
    public = private_key(ALGORITHM, f"{url.issuer} first").public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = url.token(AUDIENCE)
    head, payload, signature = good.split(".")
    changed = encoded(json.dumps({**claims, "sub": "bob"}).encode()).decode()
    return {
        "expired": url.token(AUDIENCE, exp=now - 60),
        "not yet valid": url.token(AUDIENCE, nbf=now + 60),
        "without expiry": url.token(AUDIENCE, exp=None),
        "without subject": url.sign({**url.claims(AUDIENCE, "alice"), "sub": ""}),
        "another audience": url.token("https://gateway.example/other"),
        "no audience": url.token(AUDIENCE, aud=None),
        "unknown issuer": url.token(AUDIENCE, iss="https://login.example.org"),
        "issuer with a slash": url.token(AUDIENCE, iss=f"{url.issuer}/"),
        "the other issuer's name": url.token(AUDIENCE, iss=file.issuer),
        "none": hand_made({"alg": "none", "typ": "JWT"}, claims),
        "public key as secret": hand_made({"alg": "HS256", "kid": "first"}, claims, pem),
        "algorithm renamed": hand_made({"alg": "RS256", "kid": "first"}, claims, pem),
        "unsigned": f"{head}.{payload}.",
        "changed": f"{head}.{changed}.{signature}",
        "cut short": good[:-4],
        "nonsense": "nonsense",
        "two tokens": f"{good}, {good}",
    }


BAD = [
    "expired",
    "not yet valid",
    "without expiry",
    "without subject",
    "another audience",
    "no audience",
    "unknown issuer",
    "issuer with a slash",
    "the other issuer's name",
    "none",
    "public key as secret",
    "algorithm renamed",
    "unsigned",
    "changed",
    "cut short",
    "nonsense",
    "two tokens",
]


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_token_is_a_401_that_says_where_to_get_a_good_one(stage: Stage, fault: str) -> None:
    stage.upstream.take()
    tokens = bad_tokens(stage)
    assert sorted(tokens) == sorted(BAD)
    answer = stage.call(tokens[fault])
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert (error["code"], answer.json()["id"]) == (-31401, 1)
    assert error["data"]["reference"] == answer.headers["x-gatehouse-audit-id"]
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="invalid_token", error_description="')
    origin, path = stage.gateway.url("tracker").rsplit("/", 1)
    metadata = f"{origin}/.well-known/oauth-protected-resource/{path}"
    assert f'resource_metadata="{metadata}"' in challenge
    assert stage.upstream.take() == []
    (record,) = stage.gateway.wait_for_records(1, audit_id=error["data"]["reference"])
    assert (record["principal"], record["reason"]) == ("", "unauthenticated")


def test_a_token_in_another_place_is_not_taken(stage: Stage) -> None:
    token = stage.url.token(AUDIENCE)
    assert stage.call(token, scheme="Basic").status_code == 401
    query = f"{stage.gateway.url('tracker')}?access_token={token}"
    assert httpx.post(query, **modern_call("echo")).status_code == 401
    beside = modern_call("echo", authorization=f"Bearer {token}")
    assert httpx.post(query, **beside).status_code == 401
    none = httpx.post(stage.gateway.url("tracker"), **modern_call("echo"))
    assert none.status_code == 401
    assert "error=" not in none.headers["www-authenticate"]


def test_two_authorization_lines_are_refused(stage: Stage) -> None:
    request = modern_call("echo")
    line = ("authorization", f"Bearer {stage.url.token(AUDIENCE)}")
    request["headers"] = [*request["headers"].items(), line, line]
    assert httpx.post(stage.gateway.url("tracker"), **request).status_code == 401


def test_an_issuer_that_was_down_at_the_start_is_asked_ever_more_rarely_until_it_answers(
    stage: Stage,
) -> None:
    token = stage.late.token(AUDIENCE, "carol")
    answer = stage.call(token)
    assert answer.json()["error"]["code"] == -31500  # a new token would not help: no challenge
    assert "www-authenticate" not in answer.headers
    assert stage.key_set(stage.late)["keys"] == 0
    until(lambda: len(stage.late.fetches) >= 3)
    first, second, third = stage.late.fetches[:3]
    assert second - first > 0.4
    assert third - second > 0.9
    stage.late.up = True
    until(lambda: stage.allowed(token))
    assert stage.key_set(stage.late) == {"issuer": stage.late.issuer, "keys": 1, "error": ""}


def test_a_new_key_in_the_file_is_picked_up_and_an_old_one_is_forgotten(stage: Stage) -> None:
    old = stage.file.token(AUDIENCE, "bob")
    assert stage.allowed(old)
    stage.file.kids[:] = ["second"]
    fresh = stage.key_file.with_suffix(".new")
    fresh.write_bytes(stage.file.jwks())
    new = stage.file.token(AUDIENCE, "bob")
    assert stage.call(new).status_code == 401
    fresh.replace(stage.key_file)
    until(lambda: stage.allowed(new))
    assert stage.call(old).status_code == 401


def test_a_file_that_breaks_or_goes_leaves_the_last_good_keys(stage: Stage) -> None:
    token = stage.file.token(AUDIENCE, "bob")
    good = stage.key_file.read_bytes()
    stage.key_file.write_bytes(good[:-10])
    until(lambda: stage.key_set(stage.file)["error"] != "")
    assert stage.allowed(token)
    stage.key_file.unlink()
    until(lambda: "cannot be read" in str(stage.key_set(stage.file)["error"]))
    assert stage.allowed(token)
    stage.key_file.write_bytes(good)
    until(lambda: stage.key_set(stage.file)["error"] == "")


def test_a_token_with_a_key_that_is_not_known_yet_makes_the_gateway_look(stage: Stage) -> None:
    fetched = len(stage.url.fetches)
    stage.url.kids.append("second")
    new = stage.url.token(AUDIENCE, "alice")
    assert stage.call(new).status_code == 401
    until(lambda: stage.allowed(new))
    assert len(stage.url.fetches) == fetched + 1
    assert stage.allowed(stage.url.sign(stage.url.claims(AUDIENCE, "alice"), "first"))


def test_a_worker_that_comes_back_has_the_keys_that_came_since_the_start(stage: Stage) -> None:
    stage.url.up = False
    token = stage.url.token(AUDIENCE, "alice")
    (pid,) = stage.gateway.workers
    os.kill(pid, signal.SIGKILL)
    until(lambda: stage.gateway.workers not in ([], [pid]) and stage.allowed(token))
    assert stage.allowed(stage.late.token(AUDIENCE, "carol"))


def test_issuers_come_and_go_without_a_restart(stage: Stage) -> None:
    before = stage.gateway.config["identity"]
    alice = stage.url.token(AUDIENCE, "alice")
    with token_issuer() as guest:
        entry = {"issuer": guest.issuer, "jwks_url": guest.jwks_url, "audiences": [AUDIENCE]}
        dora = guest.token(AUDIENCE, "dora")
        assert stage.call(dora).status_code == 401
        stage.gateway.write_config(identity={"jwt": [*before["jwt"], entry]})
        until(lambda: stage.allowed(alice) and stage.allowed(dora))
        stage.gateway.write_config(identity=before)
        until(lambda: stage.allowed(alice) and stage.call(dora).status_code == 401)


def test_no_token_is_in_a_record_a_log_or_the_status(stage: Stage) -> None:
    tokens = [*bad_tokens(stage).values(), stage.url.token(AUDIENCE)]
    for token in tokens:
        stage.call(token)
    folder = stage.gateway.folder
    text = (folder / "audit.jsonl").read_text() + (folder / "run" / "envoy.log").read_text()
    text += "\n".join([*stage.gateway.process.stdout.lines, *stage.gateway.process.stderr.lines])
    text += json.dumps(stage.gateway.status())
    parts = {part for token in tokens for part in token.split(".")[1:] if len(part) > 20}
    assert len(parts) > len(tokens)
    assert not [part for part in parts if part in text]
