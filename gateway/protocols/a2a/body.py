"""The JSON document of a request's body. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.model.head import RequestHead
from gateway.model.passage import Place
from gateway.model.refusal import Reason, Refusal
from gateway.wire.content import Plain, is_media_type
from gateway.wire.jsonedit import edited_body
from gateway.wire.requestbody import document_of, outdated, without_coding
from gateway.wire.strictjson import Document


@dataclass(frozen=True, slots=True)
class Body:
    """A body that was read. `replacement` is what goes on instead of the bytes received, None when
    they may; `drop` are headers that do not describe it, `set` their better spelling."""

    document: Document
    replacement: bytes | None
    drop: tuple[str, ...]
    set: tuple[tuple[str, str], ...]


def read_json(
    head: RequestHead, body: bytes, limit: int, media_types: tuple[str, ...]
) -> Body | Refusal:
    """`body`, at most `limit` bytes as sent and inflated, as JSON of one of `media_types`."""
    content_type = head.headers.get("content-type") or ""
    media_type = next((one for one in media_types if is_media_type(content_type, one)), None)
    if media_type is None:
        accepted = ", ".join(media_types)
        return Refusal(
            Reason.UNSUPPORTED_MEDIA,
            f"content-type must be {' or '.join(media_types)} in UTF-8",
            headers=(("accept-post", accepted),),
        )
    plain = without_coding(head.headers, body, limit)
    if isinstance(plain, Refusal):
        return plain
    spelling = () if content_type == media_type else (("content-type", media_type),)
    return _read(head, plain, limit, spelling)


def edited_json(
    head: RequestHead, read: Body, texts: Mapping[Place, str], limit: int
) -> Body | Refusal:
    """A body that was read with other texts, read anew, at most `limit` bytes."""
    plain = edited_body(read.document, texts)
    return plain if isinstance(plain, Refusal) else _read(head, plain, limit, read.set)


def _read(
    head: RequestHead, plain: Plain, limit: int, spelling: tuple[tuple[str, str], ...]
) -> Body | Refusal:
    document = document_of(plain.body, limit)
    if isinstance(document, Refusal):
        return document
    replaced = plain.inflated or not document.canonical_safe
    return Body(
        document,
        document.text.encode() if replaced else None,
        outdated(head.headers, replaced=replaced),
        spelling,
    )
