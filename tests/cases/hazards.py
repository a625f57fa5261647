"""Hostile requests to MCP servers, and how each must end. One row a hazard, for every runner.

Bodies that name `delete` do so where some server would run it: no row may ever make one do that.
"""

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.wire import Lines

MODERN = "2026-07-28"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
META: dict[str, Any] = {VERSION_KEY: MODERN, "io.modelcontextprotocol/clientCapabilities": {}}

BODY_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True)
class Refused:
    """The gateway answers. `ident` is the id in the answer, None when there is none."""

    status: int
    code: int
    ident: Any = None
    reason: str = ""


@dataclass(frozen=True)
class Runs:
    """The server runs `echo` with these arguments."""

    arguments: dict[str, Any] = field(default_factory=lambda: {"n": 1})
    ident: Any = 1


@dataclass(frozen=True)
class Declined:
    """The gateway allows the call and the server refuses it."""

    status: int


End = Refused | Runs | Declined


@dataclass(frozen=True)
class Row:
    """One hostile request.

    `text` is the body, with @META@ where a modern client puts `_meta`; `encode` makes its bytes.
    `lines` are sent besides the usual headers, or instead of those of the same name; a value of
    None takes a header away. `named` is what a modern client writes into Mcp-Name. `modern` is the
    end of a modern request and `node` that at a server on Node, where they differ. `eras` is where
    the row applies.
    """

    name: str
    text: str
    end: End
    lines: tuple[tuple[str, str | None], ...] = ()
    encode: Callable[[str], bytes] = str.encode
    named: str = "echo"
    modern: End | None = None
    node: End | None = None
    eras: tuple[str, ...] = ("legacy", "modern")

    def end_of(self, era: str, *, node: bool) -> End:
        """How the row ends for a client of this era, at a server on Node or at another."""
        return (self.modern if era == "modern" else self.node if node else None) or self.end

    def body(self, era: str) -> bytes:
        """The body that a client of this era sends."""
        meta = f',"_meta":{json.dumps(META)}' if era == "modern" else ""
        return self.encode(self.text.replace("@META@", meta))

    def headers(self, era: str, usual: Lines) -> list[tuple[str, str]]:
        """The headers that a client of this era sends; `usual` are those of any of its requests."""
        modern = (
            ("mcp-protocol-version", MODERN),
            ("mcp-method", "tools/call"),
            ("mcp-name", self.named),
        )
        mine = {name.lower() for name, _ in self.lines}
        every = (*BASIC, *usual, *(modern if era == "modern" else ()))
        kept = [(name, value) for name, value in every if name not in mine]
        return kept + [(name, value) for name, value in self.lines if value is not None]


BASIC = (
    ("content-type", "application/json"),
    ("accept", "application/json, text/event-stream"),
)


def call(
    params: str = '"name":"echo","arguments":{"n":1}',
    *,
    ident: str | None = "1",
    method: str = '"method":"tools/call"',
    more: str = "",
) -> str:
    """The text of a tools/call, each part as JSON text."""
    own = "" if ident is None else f'"id":{ident},'
    return f'{{"jsonrpc":"2.0",{own}{method},"params":{{{params}@META@}}{more}}}'


def arguments(text: str) -> str:
    """The text of a call of `echo` with these arguments."""
    return call(f'"name":"echo","arguments":{text}')


def _lines(*lines: tuple[str, str | None]) -> tuple[tuple[str, str | None], ...]:
    return lines


def _as(codec: str) -> Callable[[str], bytes]:
    return lambda text: text.encode(codec)


def _replaced(mark: str, raw: bytes) -> Callable[[str], bytes]:
    return lambda text: text.encode().replace(mark.encode(), raw)


def _gzipped(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


ECHO, DELETE = call(), call('"name":"delete","arguments":{"n":1}')
BOTH = '"name":"echo","arguments":{"n":1},"name":"delete"'

PARSE = Refused(400, -32700, reason="parse_error")
INVALID = Refused(400, -32600, reason="invalid_request")
INVALID_1 = Refused(400, -32600, 1, "invalid_request")
PARAMS = Refused(400, -32602, 1, "invalid_params")
MISMATCH = Refused(400, -32020, 1, "header_mismatch")
NO_ID = Refused(400, -32020, reason="header_mismatch")
MEDIA = Refused(415, -32600, reason="unsupported_media")
LARGE = Refused(413, -31413, reason="too_large")
DENIED = Refused(200, -31403, 1, "denied")

DUPLICATES = (
    Row("duplicate name, delete last", call(BOTH), INVALID),
    Row("duplicate name, delete first", call('"name":"delete","name":"echo"'), INVALID),
    Row("duplicate method", call(method='"method":"ping","method":"tools/call"'), INVALID),
    Row("duplicate params", call(more=',"params":{"name":"delete"}'), INVALID),
    Row("duplicate id", call(more=',"id":2'), INVALID),
    Row("duplicate jsonrpc", call(more=',"jsonrpc":"2.0"'), INVALID),
    Row("duplicate arguments", arguments('{"n":1},"arguments":{"n":2}'), INVALID),
    Row("duplicate below arguments", arguments('{"x":[{"a":1,"a":2}]}'), INVALID),
    Row("duplicate in _meta", call('"name":"delete","_meta":{"a":1,"a":2}'), INVALID),
    Row("duplicate by an escape", call('"name":"echo","n\\u0061me":"delete"'), INVALID),
)

VARIANTS = (
    Row("Name beside name", call('"name":"echo","Name":"delete"'), PARAMS),
    Row("NAME instead of name", call('"NAME":"delete"'), PARAMS),
    Row("Name before name", call('"Name":"delete","name":"echo"'), PARAMS),
    Row("METHOD beside method", call(more=',"METHOD":"tools/call"'), INVALID_1),
    Row("Method instead of method", call(method='"Method":"tools/call"'), INVALID_1),
    Row("Id beside id", call(more=',"Id":2'), INVALID_1),
    Row("params with U+017F", call(more=',"param\u017f":{"name":"delete"}'), INVALID_1),
    Row("params with escaped U+017F", call(more=',"param\\u017f":{"name":"delete"}'), INVALID_1),
    Row("task with U+212A", call('"name":"echo","tas\u212a":{}'), PARAMS),
    Row("name in full width", call('"name":"echo","\uff4e\uff41\uff4d\uff45":"delete"'), PARAMS),
    Row("name with a NUL", call('"name":"echo","name\\u0000":"delete"'), PARAMS),
    Row("NUL before method", call(more=',"\\u0000method":"ping"'), INVALID_1),
    Row("Arguments beside arguments", arguments('{"n":1},"Arguments":{"n":2}'), PARAMS),
    Row("arguments that differ in case", arguments('{"path":"/a","Path":"/b"}'), PARAMS),
    Row("_META beside _meta", call('"name":"echo","_META":{"progressToken":1}'), PARAMS),
    Row("4097 arguments", arguments(json.dumps({f"a{i}": 0 for i in range(4097)})), PARAMS),
)

ESCAPES = (
    Row("escaped keys", call('"n\\u0061me":"echo","\\u0061rguments":{"n":1}'), Runs()),
    Row("escaped method key", call(method='"met\\u0068od":"tools/call"'), Runs()),
    Row("escaped values", call('"name":"\\u0065cho","arguments":{"n":1}'), Runs()),
    Row("escaped slash", call(method='"method":"tools\\/call"'), Runs()),
    Row("escaped method value", call(method='"method":"tools\\u002fcall"'), Runs()),
    Row("delete by an escaped key", call('"n\\u0061me":"delete"'), DENIED, named="delete"),
    Row("delete by an escaped value", call('"name":"d\\u0065lete"'), DENIED, named="delete"),
    Row("delete", DELETE, DENIED, named="delete"),
    Row("Delete", call('"name":"Delete"'), DENIED, named="Delete"),
    Row("delete with a space", call('"name":"delete "'), DENIED, named="=?base64?ZGVsZXRlIA==?="),
)

ENCODINGS = (
    Row("byte order mark", DELETE, PARSE, encode=_as("utf-8-sig")),
    Row("UTF-16 with mark", DELETE, PARSE, encode=_as("utf-16")),
    Row("UTF-16LE", DELETE, PARSE, encode=_as("utf-16-le")),
    Row("UTF-16BE", DELETE, PARSE, encode=_as("utf-16-be")),
    Row("UTF-32 with mark", DELETE, PARSE, encode=_as("utf-32")),
    Row("UTF-32LE", DELETE, PARSE, encode=_as("utf-32-le")),
    Row("UTF-7", "+AHsAfQ-", PARSE),
    *(
        Row(
            f"{codec} and its charset",
            DELETE,
            MEDIA,
            _lines(("content-type", f"application/json; charset={codec}")),
            _as(codec),
        )
        for codec in ("utf-16", "utf-16le", "utf-32", "latin-1")
    ),
    Row(
        "invalid UTF-8 in the name",
        call('"name":"@RAW@"'),
        PARSE,
        encode=_replaced("@RAW@", b"delete\xff"),
    ),
    Row(
        "invalid UTF-8 in a value",
        arguments('{"x":"@RAW@"}'),
        PARSE,
        encode=_replaced("@RAW@", b"\x80"),
    ),
    Row(
        "overlong UTF-8", call('"name":"@RAW@elete"'), PARSE, encode=_replaced("@RAW@", b"\xc1\xa4")
    ),
    Row(
        "surrogate in UTF-8",
        arguments('{"x":"@RAW@"}'),
        PARSE,
        encode=_replaced("@RAW@", b"\xed\xa0\x80"),
    ),
    Row("lone surrogate in the name", call('"name":"delete\\ud800"'), PARSE),
    Row("lone surrogate in a value", arguments('{"x":"\\udc00"}'), PARSE),
    Row("lone surrogate in a key", arguments('{"\\ud800":1}'), PARSE),
    Row("surrogates in the wrong order", arguments('{"x":"\\ude00\\ud83d"}'), PARSE),
    Row("NUL as it is", arguments('{"x":"\0"}'), PARSE),
)

SYNTAX = (
    Row("trailing garbage", DELETE + "x", PARSE),
    Row("trailing NUL", DELETE + "\0", PARSE),
    Row("second document", ECHO + DELETE, PARSE),
    Row("second document on a line", ECHO + "\n" + DELETE, PARSE),
    Row("record separator", "\x1e" + DELETE, PARSE),
    Row("anti-hijacking prefix", ")]}'\n" + DELETE, PARSE),
    Row("comment", "/* */" + DELETE, PARSE),
    Row("line comment", DELETE + "// ok", PARSE),
    Row("trailing comma", call('"name":"delete",'), PARSE),
    Row("single quotes", call("'name':'delete'"), PARSE),
    Row("unquoted key", call('name:"delete"'), PARSE),
    Row("truncated", DELETE[:-1], PARSE),
    Row("empty", "", PARSE),
    Row("a string", '"tools/call"', INVALID),
    Row("null", "null", INVALID),
    Row("a form", "method=tools%2Fcall", PARSE),
    Row("non-breaking space", "\u00a0" + DELETE, PARSE),
    Row("line end in a string", arguments('{"x":"a\nb"}'), PARSE),
    Row("white space around", f"\r\n\t {ECHO} \n", Runs()),
)

NUMBERS = (
    Row("NaN", arguments('{"x":NaN}'), PARSE),
    Row("Infinity", arguments('{"x":Infinity}'), PARSE),
    Row("-Infinity", arguments('{"x":-Infinity}'), PARSE),
    Row("leading zero", arguments('{"x":01}'), PARSE),
    Row("plus sign", arguments('{"x":+1}'), PARSE),
    Row("hexadecimal", arguments('{"x":0x1}'), PARSE),
    Row("10,000 digits", arguments('{"x":%s}' % ("9" * 10_000)), INVALID),
    Row("10,000 decimals", arguments('{"x":0.%s}' % ("3" * 10_000)), INVALID),
    Row("10,000 digits of exponent", arguments('{"x":1e%s}' % ("1" * 10_000)), INVALID),
    Row("10,000 digits of id", call(ident="1" * 10_000), INVALID),
    Row(
        "integers above 2^53",
        arguments('{"x":9007199254740993,"y":123456789012345678901234567890}'),
        Runs({"x": 2**53 + 1, "y": 123456789012345678901234567890}),
        node=Runs({"x": 2**53, "y": 1.2345678901234568e29}),
    ),
    Row("1.0 and 1e2", arguments('{"x":1.0,"y":1e2}'), Runs({"x": 1.0, "y": 100.0})),
)

IDS = (
    *(
        Row(f"id {ident}", call('"name":"delete"', ident=ident), INVALID)
        for ident in ("1e3", "1.5", "1.0", "null", "true", "[1]", '{"a":1}')
    ),
    Row("no id", call('"name":"delete"', ident=None), INVALID, modern=NO_ID),
    Row(
        "id above 2^53",
        call(ident=str(2**53 + 1)),
        Runs(ident=2**53 + 1),
        node=Declined(400),
    ),
    Row(
        "denied id above 2^53",
        call('"name":"delete"', ident=str(2**53 + 1)),
        Refused(200, -31403, 2**53 + 1, "denied"),
        named="delete",
    ),
    Row("escaped string as id", call(ident='"\\u0061\\""'), Runs(ident='a"')),
    Row(
        "empty string as id",
        call('"name":"delete"', ident='""'),
        Refused(200, -31403, "", "denied"),
        named="delete",
    ),
)

SIZES = (
    Row("depth 200", arguments('{"x":%s}' % ("[" * 200 + "]" * 200)), INVALID),
    Row("depth 5,000", arguments('{"x":%s}' % ("[" * 5000 + "]" * 5000)), INVALID),
    Row("depth 200 of objects", arguments('{"a":' * 200 + "1" + "}" * 200), INVALID),
    Row("depth without an end", "[" * 50_000, INVALID),
    Row("a million values", arguments('{"x":[%s0]}' % ("{}," * 1_000_000)), LARGE),
    Row(
        "delete behind 3 MB",
        call('"arguments":{"x":"%s"},"name":"delete"' % ("y" * 3_000_000)),
        DENIED,
        named="delete",
    ),
    Row(
        "echo behind 3 MB",
        call('"arguments":{"x":"%s"},"name":"echo"' % ("y" * 3_000_000)),
        Runs({"x": "y" * 3_000_000}),
    ),
)

ENVELOPES = (
    Row("batch of echo and delete", f"[{ECHO},{DELETE}]", INVALID),
    Row("batch of one", f"[{DELETE}]", INVALID),
    Row("empty batch", "[]", INVALID),
    Row("batch in a batch", f"[[{DELETE}]]", INVALID),
    Row("method and result", call('"name":"delete"', more=',"result":{}'), INVALID_1),
    Row(
        "method and error",
        call('"name":"delete"', more=',"error":{"code":1,"message":""}'),
        INVALID_1,
    ),
    Row("result and error", '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', INVALID),
    Row("no jsonrpc", DELETE.replace('"jsonrpc":"2.0",', ""), INVALID_1),
    Row("jsonrpc 1.0", DELETE.replace("2.0", "1.0"), INVALID_1),
    Row("jsonrpc as a number", DELETE.replace('"2.0"', "2.0"), INVALID_1),
    Row("method as a list", call(method='"method":["tools/call"]'), INVALID_1),
    Row(
        "params as a list",
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["delete"]}',
        PARAMS,
    ),
    Row("name as a list", call('"name":["delete"]'), PARAMS),
    Row("name 0", call('"name":0'), PARAMS),
    Row("name null", call('"name":null'), PARAMS),
    Row("no name", call('"arguments":{}'), PARAMS),
    Row("arguments as a string", arguments('"{}"'), PARAMS),
    Row("_meta as a list", call('"name":"delete","_meta":[]'), PARAMS, eras=("legacy",)),
    Row("method with a space", call(method='"method":"tools/call "'), INVALID_1, modern=MISMATCH),
    Row("method in upper case", call(method='"method":"TOOLS/CALL"'), DENIED, modern=MISMATCH),
    Row(
        "method with a line end",
        call(method='"method":"tools/call\\n"'),
        INVALID_1,
        modern=MISMATCH,
    ),
)

MEDIA_TYPES = (
    *(
        Row(f"content-type {value}", DELETE, MEDIA, _lines(("content-type", value)))
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
    Row("no content-type", DELETE, MEDIA, _lines(("content-type", None))),
    Row(
        "two content-types",
        DELETE,
        MEDIA,
        _lines(("content-type", "application/json"), ("content-type", "text/plain")),
    ),
    Row(
        "the content-type twice",
        DELETE,
        MEDIA,
        _lines(("content-type", "application/json"), ("Content-Type", "application/json")),
    ),
    Row("Application/JSON", ECHO, Runs(), _lines(("content-type", "Application/JSON"))),
    Row("charset=UTF-8", ECHO, Runs(), _lines(("content-type", "application/json;charset=UTF-8"))),
)


def _coded(coding: str) -> tuple[tuple[str, str | None], ...]:
    return (("content-encoding", coding),)


CODINGS = (
    Row("gzip", ECHO, Runs(), _coded("gzip"), _gzipped),
    Row("gzip of delete", DELETE, DENIED, _coded("gzip"), _gzipped, named="delete"),
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
        lambda text: gzip.compress(_gzipped(text)),
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
    Row("gzip without saying so", DELETE, PARSE, encode=_gzipped),
    Row("truncated gzip", DELETE, PARSE, _coded("gzip"), lambda text: _gzipped(text)[:-4]),
    Row("two gzip members", ECHO, PARSE, _coded("gzip"), lambda text: _gzipped(text) * 2),
    Row("gzip bomb", "", LARGE, _coded("gzip"), lambda _: gzip.compress(b" " * (BODY_LIMIT * 4))),
    Row("a duplicate under gzip", call(BOTH), INVALID, _coded("gzip"), _gzipped),
)

ROUTING_HEADERS = (
    Row("two Mcp-Name", ECHO, MISMATCH, _lines(("mcp-name", "echo"), ("mcp-name", "delete"))),
    Row("Mcp-Name twice", ECHO, MISMATCH, _lines(("mcp-name", "echo"), ("Mcp-Name", "echo"))),
    Row(
        "two Mcp-Method",
        ECHO,
        MISMATCH,
        _lines(("mcp-method", "tools/call"), ("mcp-method", "ping")),
    ),
    Row("joined Mcp-Name", ECHO, MISMATCH, _lines(("mcp-name", "echo, delete"))),
    Row(
        "two Mcp-Session-Id",
        ECHO,
        MISMATCH,
        _lines(("mcp-session-id", "a"), ("mcp-session-id", "b")),
    ),
    Row(
        "two versions",
        ECHO,
        MISMATCH,
        _lines(("mcp-protocol-version", MODERN), ("mcp-protocol-version", "2025-11-25")),
    ),
    Row("lying Mcp-Name", DELETE, MISMATCH, _lines(("mcp-name", "echo"))),
    Row("lying Mcp-Method", DELETE, MISMATCH, _lines(("mcp-method", "tools/list"))),
    Row(
        "both lie", DELETE, MISMATCH, _lines(("mcp-method", "tools/list"), ("mcp-name", "harmless"))
    ),
    Row("Mcp-Name in another case", ECHO, MISMATCH, _lines(("mcp-name", "Echo"))),
    Row("no Mcp-Method", ECHO, MISMATCH, _lines(("mcp-method", None)), eras=("modern",)),
    Row("no Mcp-Name", ECHO, MISMATCH, _lines(("mcp-name", None)), eras=("modern",)),
    Row("empty Mcp-Name", ECHO, MISMATCH, _lines(("mcp-name", ""))),
    Row("sentinel", ECHO, Runs(), _lines(("mcp-name", "=?base64?ZWNobw==?="))),
    Row("sentinel of delete", DELETE, DENIED, _lines(("mcp-name", "=?base64?ZGVsZXRl?="))),
    *(
        Row(f"sentinel {what}", DELETE, MISMATCH, _lines(("mcp-name", value)))
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
    Row("sentinel without padding", ECHO, MISMATCH, _lines(("mcp-name", "=?base64?ZWNobw?="))),
    Row("sentinel with loose bits", ECHO, MISMATCH, _lines(("mcp-name", "=?base64?ZWNobx==?="))),
    Row("Mcp-Name in Latin-1", ECHO, MISMATCH, _lines(("mcp-name", "ech\xf6"))),
    Row("blanks around Mcp-Name", ECHO, Runs(), _lines(("mcp-name", "  echo\t"))),
)

_VERSION = "mcp-protocol-version"
DOWNGRADES = (
    Row(
        "modern body, 2025-11-25",
        DELETE,
        MISMATCH,
        _lines((_VERSION, "2025-11-25")),
        eras=("modern",),
    ),
    Row("modern body, no version", DELETE, MISMATCH, _lines((_VERSION, None)), eras=("modern",)),
    Row(
        "modern body, 2099-01-01",
        DELETE,
        MISMATCH,
        _lines((_VERSION, "2099-01-01")),
        eras=("modern",),
        named="delete",
    ),
    Row(
        "2099-01-01 in both",
        DELETE.replace("@META@", f',"_meta":{json.dumps({**META, VERSION_KEY: "2099-01-01"})}'),
        Refused(400, -32022, 1, "unsupported_version"),
        _lines((_VERSION, "2099-01-01")),
        eras=("modern",),
        named="delete",
    ),
    Row(
        "no version, harmless headers",
        call('"name":"delete"'),
        MISMATCH,
        _lines((_VERSION, None), ("mcp-method", "tools/list"), ("mcp-name", "harmless")),
    ),
    Row(
        "2025-11-25, harmless headers",
        DELETE,
        MISMATCH,
        _lines((_VERSION, "2025-11-25"), ("mcp-method", "tools/list"), ("mcp-name", "harmless")),
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
        _lines((_VERSION, f"{MODERN}, 2025-11-25")),
        eras=("modern",),
    ),
    Row("version with a blank", ECHO, Runs(), _lines((_VERSION, f" {MODERN} ")), eras=("modern",)),
)

UNDONE_HEADERS = (
    *(
        Row(name, ECHO, Runs(), _lines((name, "DELETE")))
        for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
    ),
    *(
        Row(
            f"{name} of gzip",
            ECHO,
            Runs(),
            _lines(("content-encoding", "gzip"), (name, "x")),
            _gzipped,
        )
        for name in ("content-digest", "repr-digest", "digest", "content-md5")
    ),
)

ROWS = (
    *DUPLICATES,
    *VARIANTS,
    *ESCAPES,
    *ENCODINGS,
    *SYNTAX,
    *NUMBERS,
    *IDS,
    *SIZES,
    *ENVELOPES,
    *MEDIA_TYPES,
    *CODINGS,
    *ROUTING_HEADERS,
    *DOWNGRADES,
    *UNDONE_HEADERS,
)
