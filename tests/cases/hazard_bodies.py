"""Rows whose body is hostile: keys, encodings, syntax, numbers, ids, sizes, envelopes."""

import json

from tests.cases.hazard import (
    BOTH,
    DELETE,
    DENIED,
    ECHO,
    INVALID,
    INVALID_1,
    LARGE,
    MEDIA,
    MISMATCH,
    NO_ID,
    PARAMS,
    PARSE,
    Declined,
    Refused,
    Row,
    Runs,
    arguments,
    call,
    encoded,
    lines,
    replaced,
)

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
    Row("byte order mark", DELETE, PARSE, encode=encoded("utf-8-sig")),
    Row("UTF-16 with mark", DELETE, PARSE, encode=encoded("utf-16")),
    Row("UTF-16LE", DELETE, PARSE, encode=encoded("utf-16-le")),
    Row("UTF-16BE", DELETE, PARSE, encode=encoded("utf-16-be")),
    Row("UTF-32 with mark", DELETE, PARSE, encode=encoded("utf-32")),
    Row("UTF-32LE", DELETE, PARSE, encode=encoded("utf-32-le")),
    Row("UTF-7", "+AHsAfQ-", PARSE),
    *(
        Row(
            f"{codec} and its charset",
            DELETE,
            MEDIA,
            lines(("content-type", f"application/json; charset={codec}")),
            encoded(codec),
        )
        for codec in ("utf-16", "utf-16le", "utf-32", "latin-1")
    ),
    Row(
        "invalid UTF-8 in the name",
        call('"name":"@RAW@"'),
        PARSE,
        encode=replaced("@RAW@", b"delete\xff"),
    ),
    Row(
        "invalid UTF-8 in a value",
        arguments('{"x":"@RAW@"}'),
        PARSE,
        encode=replaced("@RAW@", b"\x80"),
    ),
    Row(
        "overlong UTF-8", call('"name":"@RAW@elete"'), PARSE, encode=replaced("@RAW@", b"\xc1\xa4")
    ),
    Row(
        "surrogate in UTF-8",
        arguments('{"x":"@RAW@"}'),
        PARSE,
        encode=replaced("@RAW@", b"\xed\xa0\x80"),
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
