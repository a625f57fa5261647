"""Rows whose headers are hostile: media types, codings, routing headers, versions."""

import gzip
import json
import zlib

from tests.cases.hazard import (
    BODY_LIMIT,
    BOTH,
    DELETE,
    DENIED,
    ECHO,
    INVALID,
    LARGE,
    MEDIA,
    META,
    MISMATCH,
    MODERN,
    PARAMS,
    PARSE,
    VERSION_KEY,
    Refused,
    Row,
    Runs,
    call,
    gzipped,
    lines,
)

MEDIA_TYPES = (
    *(
        Row(f"content-type {value}", DELETE, MEDIA, lines(("content-type", value)))
        for value in (
            "text/plain",
            "application/jsonx",
            "application/json-rpc",
            "application/x-ndjson",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-8; charset=utf-16",
            "application/json, text/plain",
            "text/plain; x=application/json",
            "*/*",
        )
    ),
    Row("no content-type", DELETE, MEDIA, lines(("content-type", None))),
    Row(
        "two content-types",
        DELETE,
        MEDIA,
        lines(("content-type", "application/json"), ("content-type", "text/plain")),
    ),
    Row(
        "the content-type twice",
        DELETE,
        MEDIA,
        lines(("content-type", "application/json"), ("Content-Type", "application/json")),
    ),
    Row("Application/JSON", ECHO, Runs(), lines(("content-type", "Application/JSON"))),
    Row("charset=UTF-8", ECHO, Runs(), lines(("content-type", "application/json;charset=UTF-8"))),
)


def _coded(coding: str) -> tuple[tuple[str, str | None], ...]:
    return (("content-encoding", coding),)


CODINGS = (
    Row("gzip", ECHO, Runs(), _coded("gzip"), gzipped),
    Row("gzip of delete", DELETE, DENIED, _coded("gzip"), gzipped, named="delete"),
    Row("deflate", ECHO, Runs(), _coded("deflate"), lambda text: zlib.compress(text.encode())),
    Row("identity", ECHO, Runs(), _coded("identity")),
    Row(
        "deflate of delete",
        DELETE,
        DENIED,
        _coded("Deflate"),
        lambda text: zlib.compress(text.encode()),
        named="delete",
    ),
    Row("brotli", DELETE, MEDIA, _coded("br")),
    Row("zstd", DELETE, MEDIA, _coded("zstd")),
    Row(
        "gzip twice",
        DELETE,
        MEDIA,
        _coded("gzip, gzip"),
        lambda text: gzip.compress(gzipped(text)),
    ),
    Row("gzip that is plain", DELETE, PARSE, _coded("gzip")),
    Row("deflate that is plain", DELETE, PARSE, _coded("deflate")),
    Row(
        "deflate without a header",
        DELETE,
        PARSE,
        _coded("deflate"),
        lambda text: zlib.compress(text.encode(), wbits=-15),
    ),
    Row("gzip without saying so", DELETE, PARSE, encode=gzipped),
    Row("truncated gzip", DELETE, PARSE, _coded("gzip"), lambda text: gzipped(text)[:-4]),
    Row("two gzip members", ECHO, PARSE, _coded("gzip"), lambda text: gzipped(text) * 2),
    Row("gzip bomb", "", LARGE, _coded("gzip"), lambda _: gzip.compress(b" " * (BODY_LIMIT * 4))),
    Row("a duplicate under gzip", call(BOTH), INVALID, _coded("gzip"), gzipped),
)

ROUTING_HEADERS = (
    Row("two Mcp-Name", ECHO, MISMATCH, lines(("mcp-name", "echo"), ("mcp-name", "delete"))),
    Row("Mcp-Name twice", ECHO, MISMATCH, lines(("mcp-name", "echo"), ("Mcp-Name", "echo"))),
    Row(
        "two Mcp-Method",
        ECHO,
        MISMATCH,
        lines(("mcp-method", "tools/call"), ("mcp-method", "ping")),
    ),
    Row("joined Mcp-Name", ECHO, MISMATCH, lines(("mcp-name", "echo, delete"))),
    Row(
        "two Mcp-Session-Id",
        ECHO,
        MISMATCH,
        lines(("mcp-session-id", "a"), ("mcp-session-id", "b")),
    ),
    Row(
        "two versions",
        ECHO,
        MISMATCH,
        lines(("mcp-protocol-version", MODERN), ("mcp-protocol-version", "2025-11-25")),
    ),
    Row("lying Mcp-Name", DELETE, MISMATCH, lines(("mcp-name", "echo"))),
    Row("lying Mcp-Method", DELETE, MISMATCH, lines(("mcp-method", "tools/list"))),
    Row(
        "both lie", DELETE, MISMATCH, lines(("mcp-method", "tools/list"), ("mcp-name", "harmless"))
    ),
    Row("Mcp-Name in another case", ECHO, MISMATCH, lines(("mcp-name", "Echo"))),
    Row("no Mcp-Method", ECHO, MISMATCH, lines(("mcp-method", None)), eras=("modern",)),
    Row("no Mcp-Name", ECHO, MISMATCH, lines(("mcp-name", None)), eras=("modern",)),
    Row("empty Mcp-Name", ECHO, MISMATCH, lines(("mcp-name", ""))),
    Row("sentinel", ECHO, Runs(), lines(("mcp-name", "=?base64?ZWNobw==?="))),
    Row("sentinel of delete", DELETE, DENIED, lines(("mcp-name", "=?base64?ZGVsZXRl?="))),
    *(
        Row(f"sentinel {what}", DELETE, MISMATCH, lines(("mcp-name", value)))
        for what, value in (
            ("that lies", "=?base64?ZWNobw==?="),
            ("in upper case", "=?BASE64?ZGVsZXRl?="),
            ("of no base64", "=?base64?%%%?="),
            ("with a blank", "=?base64?ZGVs ZXRl?="),
            ("in the URL alphabet", "=?base64?ZGVsZXRl_w==?="),
            ("of no UTF-8", "=?base64?/w==?="),
            ("without an end", "=?base64?ZGVsZXRl"),
            ("of its own sentinel", "=?base64?PT9iYXNlNjQ/WkdWc1pYUmw/PQ==?="),
            ("of nothing", "=?base64??="),
        )
    ),
    Row("sentinel without padding", ECHO, MISMATCH, lines(("mcp-name", "=?base64?ZWNobw?="))),
    Row("sentinel with loose bits", ECHO, MISMATCH, lines(("mcp-name", "=?base64?ZWNobx==?="))),
    Row("Mcp-Name in Latin-1", ECHO, MISMATCH, lines(("mcp-name", "ech\xf6"))),
    Row("blanks around Mcp-Name", ECHO, Runs(), lines(("mcp-name", "  echo\t"))),
)

_VERSION = "mcp-protocol-version"
DOWNGRADES = (
    Row(
        "modern body, 2025-11-25",
        DELETE,
        MISMATCH,
        lines((_VERSION, "2025-11-25")),
        eras=("modern",),
    ),
    Row("modern body, no version", DELETE, MISMATCH, lines((_VERSION, None)), eras=("modern",)),
    Row(
        "modern body, 2099-01-01",
        DELETE,
        MISMATCH,
        lines((_VERSION, "2099-01-01")),
        eras=("modern",),
        named="delete",
    ),
    Row(
        "2099-01-01 in both",
        DELETE.replace("@META@", f',"_meta":{json.dumps({**META, VERSION_KEY: "2099-01-01"})}'),
        Refused(400, -32022, 1, "unsupported_version"),
        lines((_VERSION, "2099-01-01")),
        eras=("modern",),
        named="delete",
    ),
    Row(
        "no version, harmless headers",
        call('"name":"delete"'),
        MISMATCH,
        lines((_VERSION, None), ("mcp-method", "tools/list"), ("mcp-name", "harmless")),
    ),
    Row(
        "2025-11-25, harmless headers",
        DELETE,
        MISMATCH,
        lines((_VERSION, "2025-11-25"), ("mcp-method", "tools/list"), ("mcp-name", "harmless")),
        eras=("legacy",),
    ),
    Row(
        "modern header, legacy body",
        DELETE.replace("@META@", ""),
        PARAMS,
        eras=("modern",),
        named="delete",
    ),
    Row(
        "joined versions",
        ECHO,
        MISMATCH,
        lines((_VERSION, f"{MODERN}, 2025-11-25")),
        eras=("modern",),
    ),
    Row("version with a blank", ECHO, Runs(), lines((_VERSION, f" {MODERN} ")), eras=("modern",)),
)

UNDONE_HEADERS = (
    *(
        Row(name, ECHO, Runs(), lines((name, "DELETE")))
        for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
    ),
    *(
        Row(
            f"{name} of gzip",
            ECHO,
            Runs(),
            lines(("content-encoding", "gzip"), (name, "x")),
            gzipped,
        )
        for name in ("content-digest", "repr-digest", "digest", "content-md5")
    ),
)
