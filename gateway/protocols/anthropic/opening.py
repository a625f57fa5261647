"""A request whose head has come, and what its body adds. Pure: no I/O, no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final
from urllib.parse import parse_qsl

from gateway.model.call import Call, Deframed, Kind
from gateway.model.head import Headers, RequestHead
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Passage, Place
from gateway.model.prompt import Prompt
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.anthropic import catalogue, parts
from gateway.protocols.anthropic.endpoint import MESSAGES, MODELS_LIST, Endpoint, endpoint_of
from gateway.protocols.anthropic.members import WrongError
from gateway.protocols.anthropic.message import PROTOCOL, Asked, asked, renamed
from gateway.protocols.anthropic.passages import passages_of
from gateway.protocols.anthropic.reading import list_reader, usage_reader
from gateway.protocols.anthropic.screening import screened_reader
from gateway.protocols.base import Reading, ResponseReader, Settings
from gateway.wire.content import Plain, is_media_type
from gateway.wire.engine_keys import engine_key
from gateway.wire.jsonedit import edited_body
from gateway.wire.origin import origin_refusal
from gateway.wire.requestbody import METHOD_OVERRIDES, document_of, outdated, without_coding
from gateway.wire.strictjson import Document
from gateway.wire.transcript import Transcript

_JSON: Final = "application/json"
_SINGLE: Final = ("content-type", "content-length", "anthropic-version", "x-api-key")
"""Headers of which backends read one line, not all the same one."""

_BETA: Final = "beta"
_SWITCH: Final = "true"
"""The SDKs' beta resources append ?beta=true to every URL. It names no beta."""

MAX_QUERY: Final = 64
"""Parameters of a query."""


class AnthropicOpening:
    """One request. The head of a response is needed where its body may have to be read: lists
    always, messages where the route reads usage."""

    __slots__ = (
        "_betas",
        "_endpoint",
        "_head",
        "_settings",
        "has_sessions",
        "lasts",
        "needs_response",
        "reads",
        "verdict",
    )

    def __init__(self, head: RequestHead, settings: Settings, origins: frozenset[str]) -> None:
        self._head = head
        self._settings = settings
        self._betas: list[str] = []
        self._endpoint = origin_refusal(head.headers, origins) or endpoint_of(head, settings.path)
        self.has_sessions = False
        self.lasts = False
        self.reads = False
        self.needs_response = isinstance(self._endpoint, Endpoint) and (
            self._endpoint.method == MODELS_LIST
            or (self._endpoint.method == MESSAGES and settings.usage != "off")
        )
        self.verdict = self._look(self._endpoint)

    def _look(self, endpoint: Endpoint | Refusal) -> Deframed | Refusal | None:
        if isinstance(endpoint, Refusal):
            return endpoint
        refusal = _repeated(self._head.headers)
        if refusal is not None:
            return refusal
        if self._head.method == "GET":
            return _bodiless(self._head, endpoint, self._settings)
        betas = _betas(self._head)
        if isinstance(betas, Refusal):
            return betas
        self._betas = betas
        return _media_refusal(self._head.headers)

    def reader(self, content_type: str, reading: Reading) -> ResponseReader | None:
        """A reader for the body of the response."""
        if isinstance(self._endpoint, Endpoint) and self._endpoint.method == MODELS_LIST:
            return list_reader(content_type, reading, self._settings.aliases)
        if reading.screen is not None:
            return screened_reader(content_type, reading, reading.screen)
        return usage_reader(content_type, reading)

    def deframe(self, body: bytes) -> Deframed | Refusal:
        """The call of the whole request."""
        if isinstance(self._endpoint, Refusal):
            return self._endpoint
        if isinstance(self.verdict, Refusal):
            return self.verdict
        if self.verdict is not None:
            return Refusal(Reason.INVALID_REQUEST, "unexpected body") if body else self.verdict
        plain = without_coding(self._head.headers, body, self._settings.body_limit)
        return plain if isinstance(plain, Refusal) else self._read(self._endpoint, plain)

    def _read(self, endpoint: Endpoint, plain: Plain) -> Deframed | Refusal:
        document = document_of(plain.body, self._settings.body_limit)
        if isinstance(document, Refusal):
            return document
        version = self._head.headers.get("anthropic-version") or ""
        try:
            found = asked(endpoint.method, document.value, version, self._betas)
            self._check_keys(document.value)
        except WrongError as error:
            return Refusal(Reason.INVALID_PARAMS, str(error))
        generates = endpoint.method == MESSAGES
        usage = self._settings.usage
        self.reads = generates and (usage == "all" or (usage == "json" and not found.stream))
        return self._with_prompt(endpoint, found, document, plain)

    def _check_keys(self, body: JsonValue) -> None:
        """`WrongError` for what only engines tell one another, where a pool would hear it."""
        if not (self._settings.pooled and isinstance(body, dict)):
            return
        if (key := engine_key(body)) is not None:
            raise WrongError(f'"{key}" is not for clients of a pool')

    def _with_prompt(
        self, endpoint: Endpoint, found: Asked, document: Document, plain: Plain
    ) -> Deframed:
        """The request, which can name another model."""
        (_, sent), *_ = found.models
        value = document.value if isinstance(document.value, dict) else {}
        body = _Body(
            partial(self._deframed, found, document, plain),
            partial(renamed, document.text, found.models, self._settings.aliases),
            partial(parts.prompt_of, found.call.method, value),
            cache(partial(parts.written, value)),
            partial(passages_of, value),
            partial(self._edited, endpoint, document),
        )
        return body.named(self._settings.aliases.get(sent, sent))

    def _edited(
        self, endpoint: Endpoint, document: Document, texts: Mapping[Place, str]
    ) -> Deframed | Refusal:
        """The same request with other texts, read anew."""
        plain = edited_body(document, texts)
        return plain if isinstance(plain, Refusal) else self._read(endpoint, plain)

    def _deframed(self, found: Asked, document: Document, plain: Plain, text: str) -> Deframed:
        headers = self._head.headers
        kept = text is document.text and document.canonical_safe and not plain.inflated
        exact = headers.get("content-type") == _JSON
        return Deframed(
            (found.call,),
            body=None if kept else text.encode("utf-8"),
            drop_headers=(
                *headers.present(METHOD_OVERRIDES),
                *outdated(headers, replaced=not kept),
            ),
            set_headers=() if exact else (("content-type", _JSON),),
        )


@dataclass(frozen=True, slots=True)
class _Body:
    """A body, which can name any model. `passed` makes a request of its text and `renamed` its
    text of a model; nothing of that refers back to here, so that bodies are freed as soon as they
    are done."""

    passed: Callable[[str], Deframed]
    renamed: Callable[[str], str]
    prompt: Callable[[str, Transcript], Prompt]
    written: Callable[[], Transcript]
    passages: Callable[[], tuple[Passage, ...]]
    edited: Callable[[Mapping[Place, str]], Deframed | Refusal]

    def named(self, model: str) -> Deframed:
        """The request to `model`; further models of it stay as the route has them."""
        return replace(
            self.passed(self.renamed(model)),
            prompt=partial(self._prompt, model),
            with_model=self.named,
            passages=self.passages,
            with_texts=partial(self._with_texts, model),
        )

    def _with_texts(self, model: str, texts: Mapping[Place, str]) -> Deframed | Refusal:
        """The same request with other texts, to the same model."""
        found = self.edited(texts)
        if isinstance(found, Refusal) or found.with_model is None:
            return found
        return found.with_model(model)

    def _prompt(self, model: str) -> Prompt:
        return self.prompt(model, self.written())


def _repeated(headers: Headers) -> Refusal | None:
    for name in _SINGLE:
        if len(headers.all(name)) > 1:
            return Refusal(Reason.HEADER_MISMATCH, f"{name} occurs more than once")
    return None


def _media_refusal(headers: Headers) -> Refusal | None:
    if is_media_type(headers.get("content-type") or "", _JSON):
        return None
    message = "content-type must be application/json in UTF-8"
    return Refusal(Reason.UNSUPPORTED_MEDIA, message, headers=(("accept-post", _JSON),))


def _betas(head: RequestHead) -> list[str] | Refusal:
    """The betas that the header and the query name, all lines together."""
    lines = ",".join(head.headers.all("anthropic-beta"))
    _, _, query = head.path.partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY)
    except ValueError:
        return Refusal(Reason.INVALID_REQUEST, "the query cannot be read")
    asked_for = [value for key, value in pairs if key == _BETA and value != _SWITCH]
    named = [part.strip(" \t") for part in ",".join((lines, *asked_for)).split(",")]
    return [name for name in named if name]


def _bodiless(head: RequestHead, endpoint: Endpoint, settings: Settings) -> Deframed | Refusal:
    """A GET is whole with its head."""
    headers = head.headers
    if headers.get("content-length") not in {None, "0"} or "transfer-encoding" in headers:
        return Refusal(Reason.INVALID_REQUEST, "GET has no body")
    attributes: JsonObject = {"method": endpoint.method, "protocol": PROTOCOL}
    if endpoint.model is not None:
        attributes["model"] = endpoint.model
    version = headers.get("anthropic-version") or ""
    call = Call(
        PROTOCOL,
        endpoint.method,
        Kind.REQUEST,
        target=endpoint.model,
        version=version,
        attributes=attributes,
    )
    return Deframed(
        (call,),
        drop_headers=headers.present(METHOD_OVERRIDES),
        answered=catalogue.answered(head, endpoint, settings),
    )
