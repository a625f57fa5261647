"""Credentials that providers are asked with; the metadata server is a real one of HTTP."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.guardrails.credentials import (
    MAX_TOKEN,
    METADATA_PATH,
    RENEW_SECONDS,
    CredentialError,
    FixedToken,
    MetadataToken,
    NoToken,
    TokenFile,
    token_source,
)
from gateway.config.providers import ModelArmor, ProviderAccess
from tests.support.echo import Seen
from tests.support.raw_backend import RawBackend, Reply, raw_backend

FLAVOR = ("Metadata-Flavor", "Google")


def armor(**values: Any) -> ModelArmor:
    section = {"project": "p", "location": "l", "template": "t", **values}
    return ModelArmor.model_validate_json(json.dumps(section))


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb", b"\xff", b"x" * (MAX_TOKEN + 1)])
async def test_a_file_that_holds_no_token_is_an_error_that_does_not_quote_it(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(CredentialError) as raised:
        await TokenFile(file).header()
    assert str(raised.value) == ""


async def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CredentialError):
        await TokenFile(tmp_path / "gone").header()


def test_the_configuration_says_where_the_credential_comes_from() -> None:
    assert type(token_source(ProviderAccess())) is NoToken
    assert isinstance(token_source(armor(token_file="/t")), TokenFile)
    assert isinstance(token_source(armor(auth={"value": "Bearer t"})), FixedToken)
    assert isinstance(token_source(armor(metadata_server="http://127.0.0.1")), MetadataToken)


def token(value: str, seconds: Any = 3600) -> Reply:
    body = {"access_token": value, "expires_in": seconds, "token_type": "Bearer"}
    return Reply(200, [("content-type", "application/json"), FLAVOR], [json.dumps(body).encode()])


def each(*replies: Reply) -> Callable[[Seen], Reply]:
    left = list(replies)
    return lambda _seen: left.pop(0) if len(left) > 1 else left[0]


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def raw() -> Iterator[RawBackend]:
    with raw_backend(each(token("one"), token("two"))) as backend:
        yield backend


async def test_the_token_of_the_machine_is_asked_for_once_and_renewed_before_it_ends(
    raw: RawBackend,
) -> None:
    clock = Clock()
    source = MetadataToken(f"http://{raw.address}", clock)
    assert [await source.header() for _ in range(3)] == [("authorization", "Bearer one")] * 3
    assert len(raw.seen) == 1
    assert raw.seen[0].path == METADATA_PATH
    assert dict(raw.seen[0].headers)["metadata-flavor"] == "Google"
    clock.seconds += 3600 - RENEW_SECONDS - 1
    assert await source.header() == ("authorization", "Bearer one")
    clock.seconds += 2
    assert await source.header() == ("authorization", "Bearer two")
    await source.close()


async def test_while_no_other_token_can_be_had_the_one_at_hand_serves_to_its_end(
    raw: RawBackend,
) -> None:
    raw.answer = each(token("one"), Reply(503, [FLAVOR], []))
    clock = Clock()
    source = MetadataToken(f"http://{raw.address}", clock)
    await source.header()
    clock.seconds += 3599
    assert await source.header() == ("authorization", "Bearer one")
    clock.seconds += 2
    with pytest.raises(CredentialError):
        await source.header()
    await source.close()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, [FLAVOR], []),
        Reply(
            200, [("content-type", "application/json")], [b'{"access_token":"a","expires_in":9}']
        ),
        Reply(302, [FLAVOR, ("location", "/elsewhere")], []),
        Reply(200, [FLAVOR], [b"no json"]),
        Reply(200, [FLAVOR], [b'{"access_token":"a\\nb","expires_in":9}']),
        Reply(200, [FLAVOR], [b'{"access_token":"","expires_in":9}']),
        Reply(200, [FLAVOR], [b'{"access_token":"a"}']),
        Reply(200, [FLAVOR], [b" " * (MAX_TOKEN + 1)]),
    ],
    ids=["404", "of-another", "redirect", "no-json", "lines", "empty", "endless", "large"],
)
async def test_what_is_no_token_of_a_metadata_server_is_an_error(
    raw: RawBackend, reply: Reply
) -> None:
    raw.answer = lambda _seen: reply
    source = MetadataToken(f"http://{raw.address}")
    with pytest.raises(CredentialError):
        await source.header()
    assert len(raw.seen) == 1
    await source.close()


async def test_a_metadata_server_that_is_not_there_is_an_error() -> None:
    source = MetadataToken("http://127.0.0.1:1")
    with pytest.raises(CredentialError):
        await source.header()
    await source.close()
