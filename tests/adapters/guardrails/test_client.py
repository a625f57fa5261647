"""JSON over real HTTP, with services that misbehave."""

import asyncio
import gzip
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.guardrails.client import (
    MAX_ANSWER,
    HttpClient,
    UnusableError,
)
from gateway.config.providers import ProviderAccess
from gateway.model.finding import SkipReason
from tests.adapters.guardrails.asked import answering, replying, sent
from tests.support.certificates import Authority
from tests.support.http_server import Handler, serving
from tests.support.raw_backend import RawBackend, Reply, raw_backend

PLAIN = ProviderAccess()


@pytest.fixture
def raw() -> Iterator[RawBackend]:
    with raw_backend(answering({"ok": True})) as backend:
        yield backend


def access(**values: Any) -> ProviderAccess:
    return ProviderAccess.model_validate_json(json.dumps(values))


async def posted(
    raw: RawBackend, value: Any = None, access: ProviderAccess = PLAIN
) -> dict[str, Any]:
    client = HttpClient(f"http://{raw.address}", access, 4)
    try:
        return await client.post("/judge", {} if value is None else value)
    finally:
        await client.close()


async def refused(raw: RawBackend) -> UnusableError:
    with pytest.raises(UnusableError) as raised:
        await posted(raw, {"secret": "s3cret"})
    assert "s3cret" not in str(raised.value)
    return raised.value


async def test_it_posts_json_and_reads_json(raw: RawBackend) -> None:
    assert await posted(raw, {"text": "größer"}) == {"ok": True}
    (seen,) = raw.seen
    assert (seen.method, seen.path) == ("POST", "/judge")
    assert sent(seen) == {"text": "größer"}
    assert dict(seen.headers)["content-type"] == "application/json"
    assert dict(seen.headers)["accept-encoding"] == "identity"


async def test_connections_are_used_again(raw: RawBackend) -> None:
    client = HttpClient(f"http://{raw.address}/base/", PLAIN, 4)
    for _ in range(3):
        await client.post("/judge", {})
    await client.close()
    assert [seen.path for seen in raw.seen] == ["/base/judge"] * 3
    assert len(raw.connections) == 1


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 429, 500, 503, 204])
async def test_every_status_but_200_is_an_error_of_the_service(
    raw: RawBackend, status: int
) -> None:
    raw.answer = answering({"ok": True}, status)
    error = await refused(raw)
    assert (error.reason, error.own) == (SkipReason.ERROR, True)


@pytest.mark.parametrize("status", [400, 422])
async def test_a_status_that_speaks_of_the_text_is_none_of_the_service(
    raw: RawBackend, status: int
) -> None:
    raw.answer = answering({}, status)
    error = await refused(raw)
    assert (error.reason, error.own) == (SkipReason.ERROR, False)


async def test_413_says_that_the_text_is_too_large(raw: RawBackend) -> None:
    raw.answer = answering({}, 413)
    error = await refused(raw)
    assert (error.reason, error.own) == (SkipReason.OVERSIZE, False)


async def test_no_redirect_is_followed(raw: RawBackend) -> None:
    with raw_backend(answering({"ok": "stolen"})) as other:
        raw.answer = lambda _: Reply(307, [("location", f"http://{other.address}/judge")])
        await refused(raw)
        assert other.seen == []


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"ok": tru', b"[]", b'"ok"', b'{"a": 1, "a": 2}', b"\xff", b"{}{}"],
)
async def test_what_is_not_one_json_object_is_unreadable(raw: RawBackend, body: bytes) -> None:
    raw.answer = lambda _: Reply(
        200, [("content-type", "application/json")], [body] if body else []
    )
    assert (await refused(raw)).reason is SkipReason.UNREADABLE


async def test_half_an_answer_is_an_error(raw: RawBackend) -> None:
    raw.answer = lambda _: Reply(200, [], [b'{"ok"'], drop=True)
    assert (await refused(raw)).reason is SkipReason.ERROR


async def test_a_connection_that_is_closed_without_an_answer_is_an_error(raw: RawBackend) -> None:
    def hang_up(_seen: object) -> Reply:
        raise ConnectionResetError

    raw.answer = hang_up
    assert (await refused(raw)).reason is SkipReason.ERROR


async def test_nobody_who_listens_is_an_error() -> None:
    client = HttpClient("http://127.0.0.1:1", PLAIN, 4)
    with pytest.raises(UnusableError) as raised:
        await client.post("/judge", {})
    await client.close()
    assert (raised.value.reason, raised.value.own) == (SkipReason.ERROR, True)


async def test_an_endless_answer_is_read_no_further_than_the_limit(raw: RawBackend) -> None:
    pieces = 0

    def endless() -> Iterator[bytes]:
        nonlocal pieces
        while True:
            pieces += 1
            yield b" " * 65_536

    raw.answer = lambda _: Reply(200, [], endless())
    assert (await refused(raw)).reason is SkipReason.UNREADABLE
    assert pieces >= MAX_ANSWER // 65_536


async def test_a_compressed_answer_is_unreadable(raw: RawBackend) -> None:
    bomb = gzip.compress(b'{"ok": "' + b"x" * 10_000_000 + b'"}')
    raw.answer = lambda _: Reply(200, [("content-encoding", "gzip")], [bomb])
    assert (await refused(raw)).reason is SkipReason.UNREADABLE


async def test_an_answer_that_says_it_is_encoded_is_not_read_as_if_it_were_not(
    raw: RawBackend,
) -> None:
    raw.answer = lambda _: Reply(200, [("content-encoding", "gzip")], [b'{"ok": true}'])
    assert (await refused(raw)).reason is SkipReason.UNREADABLE


async def test_a_call_that_is_cancelled_ends_at_once(raw: RawBackend) -> None:
    go_on, asked = threading.Event(), threading.Event()

    def slow(_seen: object) -> Reply:
        asked.set()
        go_on.wait(20)
        return replying({})

    raw.answer = slow
    task = asyncio.ensure_future(posted(raw))
    await asyncio.to_thread(asked.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()


async def test_a_configured_credential_is_sent_as_it_is(raw: RawBackend) -> None:
    await posted(raw, access=access(auth={"header": "x-api-key", "value": "k"}))
    assert dict(raw.seen[0].headers)["x-api-key"] == "k"


async def test_without_a_credential_none_is_sent(raw: RawBackend) -> None:
    await posted(raw)
    assert "authorization" not in dict(raw.seen[0].headers)


async def test_without_the_credential_that_it_needs_nothing_is_sent(
    raw: RawBackend, tmp_path: Path
) -> None:
    with pytest.raises(UnusableError) as raised:
        await posted(raw, access=access(token_file=str(tmp_path / "gone")))
    assert (raised.value.reason, raised.value.own) == (SkipReason.ERROR, True)
    assert raw.seen == []


async def test_a_token_of_a_file_is_read_again_when_it_changes(
    raw: RawBackend, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    client = HttpClient(f"http://{raw.address}", access(token_file=str(file)), 4)
    await client.post("/judge", {})
    newer = tmp_path / "newer"
    newer.write_text("other\n")
    newer.rename(file)
    await client.post("/judge", {})
    await client.close()
    tokens = [dict(seen.headers)["authorization"] for seen in raw.seen]
    assert tokens == ["Bearer first", "Bearer other"]


class Ok(Handler):
    def do_POST(self) -> None:  # noqa: N802  the name that http.server looks for
        self.body()
        self.answer(200, b'{"ok": true}')


async def test_a_server_is_believed_that_the_ca_has_signed_for_its_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(Ok, tls=authority.server("127.0.0.1")) as address:
        trusted = HttpClient(f"https://{address}", access(ca=str(authority.ca)), 4)
        assert await trusted.post("/", {}) == {"ok": True}
        await trusted.close()


@pytest.mark.parametrize("wrong", ["name", "ca", "system"])
async def test_a_server_that_cannot_prove_its_name_gets_nothing(tmp_path: Path, wrong: str) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    pair = authority.server("other.example" if wrong == "name" else "127.0.0.1")
    ca = {"name": str(authority.ca), "ca": str(other.ca), "system": None}[wrong]
    with serving(Ok, tls=pair) as address:
        client = HttpClient(f"https://{address}", access(ca=ca), 4)
        with pytest.raises(UnusableError) as raised:
            await client.post("/", {})
        await client.close()
    assert raised.value.reason is SkipReason.ERROR


def test_a_ca_that_cannot_be_read_is_told_when_the_client_is_made(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    with pytest.raises(ssl.SSLError):
        HttpClient("https://127.0.0.1", access(ca=str(tmp_path / "ca.pem")), 4)


async def test_no_proxy_of_the_environment_is_believed(
    raw: RawBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert await posted(raw) == {"ok": True}
