"""Key sets of token issuers, and the health of endpoints, while a configuration comes into force or
is rejected."""

import asyncio
import contextlib
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.identity.issuer import AUDIENCE, ISSUER, jwks, private_key, public_jwk
from tests.supervisor.reload_stage import Followed
from tests.supervisor.test_workers import eventually
from tests.support.http_server import Handler, serving
from tests.support.ports import free_port

OTHER_ISSUER = "https://other.example"
KEY_SET = jwks(public_jwk(private_key("ES256"), kid="ES256"))
PATIENCE = 20.0


def identity(followed: Followed, name: str, **source: str) -> dict[str, Any]:
    """The identity part with one issuer of tokens, whose keys come from `source`."""
    issuer = {"issuer": name, "audiences": [AUDIENCE], **source}
    return {**followed.stage.config["identity"], "jwt": [issuer]}


def key_file(folder: Path, name: str = "keys.json") -> Path:
    """A file that holds KEY_SET."""
    file = folder / name
    file.write_bytes(KEY_SET)
    return file


async def follow(followed: Followed, file: Path) -> None:
    """Bring a configuration into force in which the keys of ISSUER are in this file."""
    followed.edit(identity=identity(followed, ISSUER, jwks_file=str(file)))
    await followed.reload.reload()
    assert followed.reload.error == ""


def reject_routes(followed: Followed) -> list[dict[str, Any]]:
    """Backends whose routes Envoy rejects."""
    followed.stage.envoy.refuses = lambda key, text: key == "routes/agents" and "rejected" in text
    return followed.backend(f"127.0.0.1:{free_port()}", host="rejected.example")


@dataclass
class SlowIssuer:
    """Serves a key set: `asked` tells that somebody wants it, who gets it once `released`."""

    url: str = ""
    asked: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def slow_issuer() -> Generator[SlowIssuer]:
    """A slow issuer for the length of the block."""
    issuer = SlowIssuer()

    class Keys(Handler):
        def do_GET(self) -> None:  # noqa: N802  http.server calls it
            issuer.asked.set()
            issuer.released.wait(PATIENCE)
            self.answer(200, KEY_SET)

    with serving(Keys) as address:
        issuer.url = f"http://{address}/keys"
        try:
            yield issuer
        finally:
            issuer.released.set()


async def test_workers_get_the_keys_of_a_new_issuer_with_the_configuration(
    followed: Followed, tmp_path: Path
) -> None:
    await follow(followed, key_file(tmp_path))
    messages = followed.stage.pool.messages
    assert [message["key_sets"] for message in messages] == [{}, {ISSUER: KEY_SET.decode()}]
    followed.edit()
    await followed.reload.reload()
    assert messages[-1]["key_sets"] == {}
    assert followed.reload.keys.states() == ()


async def test_what_envoy_rejects_leaves_issuers_and_endpoints_as_they_were(
    followed: Followed, tmp_path: Path
) -> None:
    file = key_file(tmp_path)
    await follow(followed, file)
    before = followed.reload.discovery.health.state()
    followed.edit(
        identity=identity(followed, OTHER_ISSUER, jwks_file=str(file)),
        backends=reject_routes(followed),
    )
    await followed.reload.reload()
    assert followed.reload.error.startswith("Envoy rejects routes/agents")
    assert followed.reload.keys.documents() == {ISSUER: KEY_SET}
    assert followed.reload.discovery.health.state() == before
    assert followed.stage.rollout.number == 2


async def test_what_envoy_rejects_costs_no_key_set_that_cannot_be_read_again(
    followed: Followed, tmp_path: Path
) -> None:
    file, other = key_file(tmp_path), key_file(tmp_path, "other.json")
    await follow(followed, file)
    file.unlink()
    followed.edit(
        identity=identity(followed, OTHER_ISSUER, jwks_file=str(other)),
        backends=reject_routes(followed),
    )
    await followed.reload.reload()
    assert followed.reload.error.startswith("Envoy rejects routes/agents")
    offered, restored = followed.stage.pool.messages[-2:]
    assert offered["key_sets"] == {OTHER_ISSUER: KEY_SET.decode()}
    assert (restored["number"], restored["key_sets"]) == (2, {ISSUER: KEY_SET.decode()})
    assert followed.reload.keys.documents() == {ISSUER: KEY_SET}


async def test_what_ends_in_another_fault_leaves_issuers_as_they_were(
    followed: Followed, tmp_path: Path
) -> None:
    file = key_file(tmp_path)
    await follow(followed, file)
    followed.stage.files.layout.bootstrap.unlink()
    followed.edit(identity=identity(followed, OTHER_ISSUER, jwks_file=str(file)))
    await followed.reload.reload()
    assert "No such file" in followed.reload.error
    assert [one.issuer for one in followed.reload.keys.states()] == [ISSUER]


async def test_an_endpoint_that_goes_down_while_keys_are_fetched_is_told_as_down(
    followed: Followed,
) -> None:
    stage, down = followed.stage, followed.listener.address

    async def noticed() -> bool:
        return stage.health() == {down: False}

    with slow_issuer() as issuer:
        followed.edit(
            identity=identity(followed, ISSUER, jwks_url=issuer.url),
            backends=followed.backend(down, host="other.example"),
        )
        reloading = asyncio.ensure_future(followed.reload.reload())
        assert await asyncio.to_thread(issuer.asked.wait, PATIENCE)
        await followed.listener.close()
        await eventually(noticed)
        issuer.released.set()
        await reloading
    assert (followed.reload.error, stage.rollout.number) == ("", 2)
    assert stage.health() == {down: False}
