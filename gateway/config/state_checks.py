"""What must hold of `state` in gateway.yaml. Opens the file that it names, nothing else."""

from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

from gateway.config.addresses import parse_address
from gateway.config.document import Document
from gateway.config.files import unreadable
from gateway.config.schema import Gateway
from gateway.config.state import State
from gateway.model.problem import Problem

PATH: Final = ("state",)
_PORT: Final = 6379


def _state(gateway: Gateway, document: Document) -> Iterator[Problem]:
    state = gateway.state
    if not state.shared:
        return
    if not gateway.sessions.keys:
        message = "gateways seal what they share with the keys of sessions, and there are none"
        fix = 'run "openssl rand -base64 32 > seal.key" and give sessions.keys: ["file:seal.key"]'
        yield document.problem(PATH, message, fix)
    yield from _address(state, document)
    if state.ca is not None and not state.url.startswith("rediss://"):
        yield document.problem((*PATH, "ca"), "only rediss:// has a CA", "use rediss://")
    yield from unreadable(document, (*PATH, "ca"), state.ca)


def _address(state: State, document: Document) -> Iterator[Problem]:
    url = urlsplit(state.url)
    if url.scheme == "unix":
        return
    if "@" in url.netloc:
        message = "the URL of state has no credentials: it is told in messages"
        fix = 'give username, and password: "file:redis.password"'
        yield document.problem(PATH, message, fix)
        return
    port = "" if url.netloc.rpartition("]")[2].count(":") else f":{_PORT}"
    host = parse_address(url.netloc + port)
    if host is None:
        yield document.problem(PATH, "the URL of state has no host:port", "redis://host:6379")
    elif url.scheme == "redis" and state.password is not None and not host.loopback:
        message = "the password of state crosses the network in clear"
        yield document.warning((*PATH, "password"), message, "use rediss://")


CHECKS: Final[tuple[Callable[[Gateway, Document], Iterator[Problem]], ...]] = (_state,)
