"""Questions to the API of a Kubernetes cluster: lists, a page at a time, and watches.

It never follows a redirect, believes no environment variable about proxies, and reads no further
than its limits. No text of an error quotes what was received, nor the token.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
import orjson

from gateway.config.pool import Kubernetes
from gateway.config.pool_checks import parse_server
from gateway.model.jsonvalue import JsonObject, JsonValue

IN_CLUSTER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds token, CA and namespace of its service account."""

MAX_TOKEN: Final = 64 * 1024
MAX_PAGE: Final = 16 * 1024 * 1024
MAX_LINE: Final = 4 * 1024 * 1024
"""Above the 1.5 MiB that etcd stores of one object, as JSON."""

ANSWER_SECONDS: Final = 30.0
_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class KubernetesError(Exception):
    """The API cannot be asked or understood; the text says why."""


class GoneError(KubernetesError):
    """The version to go on from is forgotten: all has to be listed anew."""


class MissingError(KubernetesError):
    """The API does not know what it was asked for: a kind that nobody installed."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API is, and what proves who asks. `namespace` is whose objects are asked for,
    `patience` how many seconds an answer may take; that of a watch, its beginning."""

    url: str
    namespace: str
    token_file: Path
    ca: str | None
    patience: float = ANSWER_SECONDS

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator["KubernetesApi"]:
        """The API, with the authorities as they are in the file now. Raises KubernetesError."""
        try:
            context = await asyncio.to_thread(ssl.create_default_context, cafile=self.ca)
        except OSError as error:  # ssl.SSLError is one
            raise KubernetesError(f"its CA cannot be read: {type(error).__name__}") from None
        async with httpx.AsyncClient(
            base_url=self.url,
            follow_redirects=False,
            trust_env=False,
            verify=context,
            timeout=None,  # noqa: S113  every question has one of its own
            headers={
                "accept": "application/json",
                "accept-encoding": "identity",
                "user-agent": "gatehouse",
            },
        ) as client:
            yield KubernetesApi(client, self.token_file, self.patience)


def access_of(
    section: Kubernetes, environment: Mapping[str, str], mounted: Path = IN_CLUSTER
) -> Access:
    """How to reach the cluster of `section`; what it leaves open is that of the own pod, by
    KUBERNETES_SERVICE_HOST and _PORT of `environment` and the files in `mounted`. Blocks. Raises
    KubernetesError outside of a cluster."""
    url, ca = section.server, section.ca
    token_file = Path(section.token_file) if section.token_file else mounted / "token"
    if url is None:
        host = environment.get("KUBERNETES_SERVICE_HOST", "")
        port = environment.get("KUBERNETES_SERVICE_PORT", "443")
        url = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
        if parse_server(url) is None:
            raise KubernetesError("KUBERNETES_SERVICE_HOST names none: no pod, and no server given")
        ca = ca or str(mounted / "ca.crt")
    namespace = section.namespace or _read(mounted / "namespace", "namespace")
    if not _NAMESPACE.fullmatch(namespace):
        raise KubernetesError("its namespace file holds none")
    return Access(url, namespace, token_file, ca)


def _read(path: Path, what: str) -> str:
    """A short file, which names or proves something. Raises KubernetesError."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_TOKEN + 1).decode("ascii").strip()
    except OSError as error:
        raise KubernetesError(f"its {what} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        text = ""
    if not text or len(text) > MAX_TOKEN or not text.isprintable() or " " in text:
        raise KubernetesError(f"its {what} file holds none")
    return text


@dataclass(frozen=True, slots=True)
class Page:
    """Objects of a list, the version that it shows, and where it goes on ("": nowhere)."""

    items: tuple[JsonObject, ...] = field(repr=False)
    version: str
    more: str


class KubernetesApi:
    """An open way to one API. The token is read for every question: it is renewed in its file."""

    def __init__(self, client: httpx.AsyncClient, token_file: Path, patience: float) -> None:
        self._client = client
        self._token_file = token_file
        self._patience = patience

    async def page(self, path: str, query: Mapping[str, str]) -> Page:
        """A page of the list at `path`. Raises KubernetesError; GoneError if it is too late to go
        on with a list."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._patience), self._asked(path, query) as answer:
                async for piece in answer.aiter_raw():
                    body += piece
                    if len(body) > MAX_PAGE:
                        raise KubernetesError(f"an answer of more than {MAX_PAGE} bytes")
        except (httpx.HTTPError, TimeoutError) as error:
            raise KubernetesError(f"cannot be reached: {type(error).__name__}") from None
        return _page(_decoded(bytes(body)))

    async def watch(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[JsonObject]:
        """The events of the watch at `path` until the API ends it or hangs up, without what was cut
        off then. Raises KubernetesError if it cannot be begun, and for a line that is no object."""
        rest = bytearray()
        async with self._asked(path, query) as answer:
            try:
                async for piece in answer.aiter_raw():
                    rest += piece
                    *lines, rest = rest.split(b"\n")
                    if any(len(line) > MAX_LINE for line in (rest, *lines)):
                        raise KubernetesError(f"a line of more than {MAX_LINE} bytes")
                    for line in lines:
                        yield _decoded(bytes(line))
            except httpx.HTTPError:
                return  # it hung up

    @asynccontextmanager
    async def _asked(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[httpx.Response]:
        token = await asyncio.to_thread(_read, self._token_file, "token")
        headers = {"authorization": f"Bearer {token}"}
        question = self._client.build_request("GET", path, params=dict(query), headers=headers)
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._client.send(question, stream=True)
        except (httpx.HTTPError, TimeoutError) as error:
            raise KubernetesError(f"cannot be reached: {type(error).__name__}") from None
        try:
            _usable(answer)
            yield answer
        finally:
            await answer.aclose()


def _usable(answer: httpx.Response) -> None:
    """Raises KubernetesError for an answer that is not to be read."""
    if answer.status_code == HTTPStatus.GONE:
        raise GoneError("the version is gone")
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise MissingError(f"answered with HTTP {answer.status_code}")
    if answer.status_code != HTTPStatus.OK:
        raise KubernetesError(f"answered with HTTP {answer.status_code}")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise KubernetesError("answered with a content encoding that was not asked for")


def _decoded(text: bytes) -> JsonObject:
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise KubernetesError("said something that is no JSON") from None
    if not isinstance(value, dict):
        raise KubernetesError("said something that is no object")
    return value


def _page(value: JsonObject) -> Page:
    match value:
        case {"metadata": {"resourceVersion": str(version), **rest}, "items": list(items)}:
            more = rest.get("continue", "")
            objects = tuple(one for one in items if isinstance(one, dict))
            if isinstance(more, str) and len(objects) == len(items):
                return Page(objects, version, more)
        case _:
            pass
    raise KubernetesError("said something that is no list")
