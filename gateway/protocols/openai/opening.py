"""A request to an OpenAI-style server whose head has come. Pure: no I/O, no clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from gateway.model.call import Call, Deframed, Kind
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.passage import Passage, Place
from gateway.model.prompt import Prompt
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.base import Reading, ResponseReader, Settings
from gateway.protocols.openai import attributes, form, models, parts, passages, rewrite
from gateway.protocols.openai.client import Asked, asked
from gateway.protocols.openai.models import ListReader
from gateway.protocols.openai.paths import Body
from gateway.protocols.openai.reading import answer_reader
from gateway.protocols.openai.typed import Members, WrongError
from gateway.wire import jsonspans, multipart
from gateway.wire.content import Plain, is_media_type
from gateway.wire.engine_keys import engine_key
from gateway.wire.jsonedit import edited_body
from gateway.wire.multipart import Part
from gateway.wire.once import Once
from gateway.wire.requestbody import METHOD_OVERRIDES, document_of, outdated, without_coding
from gateway.wire.strictjson import Document
from gateway.wire.transcript import Transcript

PROTOCOL: Final = "openai"

_JSON: Final = Body.JSON.value
_CHUNKED: Final = frozenset(("chat/completions", "completions"))
"""Methods whose streams say what they cost only when they are asked to."""

_COUNTED: Final = _CHUNKED | {
    "responses",
    "embeddings",
    "images/generations",
    "images/edits",
    "audio/transcriptions",
}
"""Methods whose answers say what they cost."""


_NAMED: Final = frozenset({"responses", "responses/get"})
"""Methods whose streams have named events."""


class OpenAiOpening:
    """One request. Of its answer the list of models is read always, the usage where the route
    wants it: with "json" that of JSON answers, with "all" of streams, too."""

    has_sessions = False
    lasts = False

    __slots__ = ("_asked", "_head", "_settings", "_strips", "reads", "verdict")

    def __init__(self, head: RequestHead, settings: Settings, origins: frozenset[str]) -> None:
        self._head = head
        self._settings = settings
        self._strips = False
        self._asked = asked(head, settings.path, origins)
        self.reads = False
        self.verdict = self._look()

    @property
    def needs_response(self) -> bool:
        """Of the list of models, and of what may have to be counted."""
        if isinstance(self._asked, Refusal):
            return False
        method = self._asked.endpoint.method
        return method == models.METHOD or (self._settings.usage != "off" and method in _COUNTED)

    def reader(self, content_type: str, reading: Reading) -> ResponseReader | None:
        """A reader of the list of models in JSON, or one of usage, which takes anything."""
        if isinstance(self._asked, Asked) and self._asked.endpoint.method == models.METHOD:
            readable = is_media_type(content_type, _JSON)
            return ListReader(reading, self._settings.aliases) if readable else None
        named = isinstance(self._asked, Asked) and self._asked.endpoint.method in _NAMED
        return answer_reader(content_type, reading, strips=self._strips, named_events=named)

    def deframe(self, body: bytes) -> Deframed | Refusal:
        """The call of the whole request."""
        if isinstance(self._asked, Refusal):
            return self._asked
        if self.verdict is not None:
            return Refusal(Reason.INVALID_REQUEST, "unexpected body") if body else self.verdict
        plain = without_coding(self._head.headers, body, self._settings.body_limit)
        return plain if isinstance(plain, Refusal) else self._checked(self._asked, plain)

    def _checked(self, request: Asked, plain: Plain) -> Deframed | Refusal:
        try:
            return self._deframed(request, plain)
        except WrongError as error:
            return Refusal(Reason.INVALID_PARAMS, str(error))

    def _look(self) -> Deframed | Refusal | None:
        if isinstance(self._asked, Refusal):
            return self._asked
        if self._asked.endpoint.body is not Body.NONE:
            return None
        return Deframed(
            (_call(self._asked, {}),),
            drop_headers=self._head.headers.present(METHOD_OVERRIDES),
            answered=models.answered(_call(self._asked, {}), self._settings),
        )

    def _deframed(self, request: Asked, plain: Plain) -> Deframed | Refusal:
        if request.boundary is not None:
            return self._form(request, plain)
        if request.endpoint.body is Body.OPTIONAL and not plain.body:
            return self._passed(_call(request, {}), plain, None)
        document = document_of(plain.body, self._settings.body_limit)
        if isinstance(document, Refusal):
            return document
        value = document.value
        if not isinstance(value, dict):
            return Refusal(Reason.INVALID_REQUEST, "the body must be an object")
        if request.endpoint.body is Body.OPTIONAL:
            self._check_keys(value)
            passed = self._passed(_call(request, {}), plain, _changed(document, []))
            method = request.endpoint.method
            return replace(passed, passages=partial(passages.passages_of, method, value))
        return self._read(request, plain, document, value)

    def _read(
        self, request: Asked, plain: Plain, document: Document, value: JsonObject
    ) -> Deframed:
        """A JSON body, which can name another model."""
        call = _call(request, attributes.attributes(request.endpoint.method, value))
        self._check_keys(value)
        body = _JsonBody(
            partial(self._passed, call, plain),
            call.method,
            document,
            value,
            self._counted(request, document, value),
            Once(partial(parts.written, call.method, value)),
            partial(self._checked, request),
        )
        return body.named(None if call.target is None else self._backends(call.target))

    def _check_keys(self, body: JsonObject) -> None:
        """`WrongError` for what only engines tell one another, where a pool would hear it."""
        if self._settings.pooled and (key := engine_key(Members(body).values)) is not None:
            raise WrongError(f'"{key}" is not for clients of a pool')

    def _counted(
        self, request: Asked, document: Document, value: JsonObject
    ) -> list[tuple[jsonspans.Span, str]]:
        """Whether the answer is read, and the edit that makes a stream say what it cost."""
        method, streams = request.endpoint.method, value.get("stream") is True
        wanted = ("all",) if streams else ("all", "json")
        self.reads = method in _COUNTED and self._settings.usage in wanted
        if not (self.reads and streams and method in _CHUNKED):
            return []
        attributes.check_stream_options(value)
        self._strips = not rewrite.asks_usage(value)
        return rewrite.with_usage(document.text, value) if self._strips else []

    def _form(self, request: Asked, plain: Plain) -> Deframed | Refusal:
        fields = multipart.parse(plain.body, self._head.headers.get("content-type") or "")
        if isinstance(fields, multipart.Fault):
            reason = (
                Reason.TOO_LARGE if fields is multipart.Fault.TOO_MANY else Reason.INVALID_REQUEST
            )
            return Refusal(reason, fields.value)
        method = request.endpoint.method
        found = form.attributes(method, plain.body, fields)
        wanted = ("all",) if found.get("stream") is True else ("all", "json")
        self.reads = method in _COUNTED and self._settings.usage in wanted
        return self._named_form(_call(request, found), plain, fields)

    def _named_form(self, call: Call, plain: Plain, fields: Sequence[Part]) -> Deframed:
        """A form, which can name another model where it names one."""
        place, texts = rewrite.model_part(fields), call.attributes["body"]
        values = texts if isinstance(texts, dict) else {}
        prompt = partial(parts.prompt_of_form, call.method, values, fields)
        said = partial(passages.passages_of_form, values, fields, plain.body)
        if place is None or call.target is None:
            bare = self._passed(call, plain, None)
            return replace(bare, prompt=partial(prompt, ""), passages=said)
        passed = partial(self._passed_form, call, plain, said)
        body = _FormBody(passed, prompt, plain.body, place, call.target)
        return body.named(self._backends(call.target))

    def _passed_form(
        self,
        call: Call,
        plain: Plain,
        said: Callable[[], tuple[Passage, ...]],
        changed: bytes | None,
    ) -> Deframed:
        return replace(self._passed(call, plain, changed), passages=said)

    def _backends(self, model: str) -> str:
        """The name that the backend has for what a client calls `model`."""
        return self._settings.aliases.get(model, model)

    def _passed(self, call: Call, plain: Plain, changed: bytes | None) -> Deframed:
        """The request as it goes on; `changed` is None where its body stays as it is."""
        replaced = plain.body if changed is None and plain.inflated else changed
        headers = self._head.headers
        return Deframed(
            (call,),
            body=replaced,
            drop_headers=(
                *headers.present(METHOD_OVERRIDES),
                *outdated(headers, replaced=replaced is not None),
            ),
            set_headers=self._media_type(),
        )

    def _media_type(self) -> tuple[tuple[str, str], ...]:
        """Servers differ on upper case and on parameters, so they see neither."""
        sent = self._head.headers.get("content-type")
        boundary = self._asked.boundary if isinstance(self._asked, Asked) else None
        plain = _JSON if boundary is None else f"{Body.FORM.value}; boundary={boundary}"
        return () if sent in {None, plain} else (("content-type", plain),)


@dataclass(frozen=True, slots=True)
class _JsonBody:
    """A JSON body, which can name any model. `passed` makes a request of the bytes that take its
    place; nothing of that refers back to here, so that bodies are freed as soon as they are done.
    """

    passed: Callable[[bytes | None], Deframed]
    method: str
    document: Document
    value: JsonObject
    edits: list[tuple[jsonspans.Span, str]]
    written: Callable[[], Transcript]
    again: Callable[[Plain], Deframed | Refusal]

    def named(self, model: str | None) -> Deframed:
        """The request to `model`; with None it names what it names."""
        renaming = [] if model is None else rewrite.named(self.document.text, self.value, model)
        return replace(
            self.passed(_changed(self.document, renaming + self.edits)),
            prompt=Once(partial(self._prompt, model or "")),
            with_model=self.named,
            passages=partial(passages.passages_of, self.method, self.value),
            with_texts=partial(self._with_texts, model),
        )

    def _with_texts(self, model: str | None, texts: Mapping[Place, str]) -> Deframed | Refusal:
        """The same request with other texts, read anew, to the same model."""
        plain = edited_body(self.document, texts)
        found = plain if isinstance(plain, Refusal) else self.again(plain)
        if model is None or isinstance(found, Refusal) or found.with_model is None:
            return found
        return found.with_model(model)

    def _prompt(self, model: str) -> Prompt:
        return parts.prompt_of(self.method, self.value, model, self.written())


@dataclass(frozen=True, slots=True)
class _FormBody:
    """A form, of which `place` names the model `sent`."""

    passed: Callable[[bytes | None], Deframed]
    prompt: Callable[[str], Prompt]
    body: bytes
    place: Part
    sent: str

    def named(self, model: str) -> Deframed:
        """The request to `model`."""
        changed = None if model == self.sent else rewrite.named_part(self.body, self.place, model)
        prompt = partial(self.prompt, model)
        return replace(self.passed(changed), prompt=prompt, with_model=self.named)


def _changed(document: Document, edits: list[tuple[jsonspans.Span, str]]) -> bytes | None:
    if document.canonical_safe and not edits:
        return None
    return jsonspans.spliced(document.text, edits).encode("utf-8")


def _call(request: Asked, found: JsonObject) -> Call:
    known: JsonObject = {"method": request.endpoint.method, "protocol": PROTOCOL}
    values = {**known, **request.attributes, **found}
    model = values.get("model")
    return Call(
        PROTOCOL,
        request.endpoint.method,
        Kind.REQUEST,
        target=model if isinstance(model, str) else None,
        attributes=values,
    )
