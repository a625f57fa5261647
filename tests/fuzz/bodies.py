"""Hostile requests without end: calls with a few oddities each, so that a good part passes.

A seed makes the same requests each time.
"""

import gzip
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

JSON: Final = ("content-type", "application/json")
KEYS: Final = ("jsonrpc", "id", "method", "params", "name", "uri", "arguments", "_meta", "task")
METHODS: Final = (
    "tools/call",
    "tools/call",
    "prompts/get",
    "resources/read",
    "ping",
    "notifications/initialized",
    "x/y",
)
TOKENS: Final = (
    *("1", "0", "-0", "9007199254740993", "1e3", "1.0", "1.5", "9" * 40, "9" * 400, "01", "1e400"),
    *("null", "true", "NaN", "-Infinity", "[]", "{}", "[[1]]", '{"name":"delete"}'),
    *('""', '"echo"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\u0000"', '"a', "'a'", "", "[" * 70),
)
SPACES: Final = ("", "", "", " ", "\n\t", "\u00a0", "\x0b", "/**/")


@dataclass(frozen=True)
class Sent:
    """A request as a hostile client sends it."""

    body: bytes
    lines: tuple[tuple[str, str], ...] = (JSON,)


def _plain(text: str) -> str:
    return f'"{text}"'


def _escaped(text: str) -> str:
    return '"' + "".join(f"\\u{ord(one):04x}" for one in text) + '"'


def _half_escaped(text: str) -> str:
    return f'"\\u{ord(text[0]):04X}{text[1:]}"'.replace("/", "\\/")


def _full_width(text: str) -> str:
    return _plain("".join(chr(ord(one) + 0xFEE0) for one in text))


def _folding(text: str) -> str:
    return _plain(text.replace("s", "\u017f").replace("k", "\u212a"))


FAITHFUL: Final[tuple[Callable[[str], str], ...]] = (
    _plain,
    _plain,
    _plain,
    _escaped,
    _half_escaped,
)
FORGING: Final[tuple[Callable[[str], str], ...]] = (
    _folding,
    _full_width,
    lambda text: _plain(text.upper()),
    lambda text: _plain(text.title()),
    lambda text: _escaped(text.upper()),
    lambda text: _plain(text + "\\u0000"),
    lambda text: _plain("\\u0000" + text),
    lambda text: _plain(text + "\\udc00"),
)

Members = list[tuple[str, str]]


def requests(seed: int, count: int) -> list[Sent]:
    """`count` requests."""
    dice = random.Random(seed)
    return [_coded(dice, _message(dice)) for _ in range(count)]


def _message(dice: random.Random) -> str:
    space = dice.choice(SPACES) if dice.random() < 0.2 else ""
    named = dice.choice(("name", "name", "name", "uri"))
    target = dice.choice(('"echo"', '"delete"', '"\\u0065cho"', '"e\\ud83d\\ude00"'))
    params = [
        (_key(dice, named), _odd(dice, target)),
        *([('"arguments"', _object(dice, _extra(dice), space))] if dice.random() < 0.5 else []),
        *_extra(dice),
    ]
    members = [
        (_key(dice, "jsonrpc"), _odd(dice, '"2.0"')),
        (_key(dice, "id"), _odd(dice, dice.choice(("1", '"a"', '"\\u0061"')))),
        (_key(dice, "method"), _odd(dice, dice.choice(FAITHFUL)(dice.choice(METHODS)))),
        (_key(dice, "params"), _object(dice, params, space)),
        *_extra(dice),
    ]
    if dice.random() < 0.1:
        members.pop(dice.randrange(len(members)))
    return _object(dice, members, space)


def _key(dice: random.Random, text: str) -> str:
    return dice.choice(FORGING if dice.random() < 0.02 else FAITHFUL)(text)


def _odd(dice: random.Random, usual: str) -> str:
    return dice.choice(TOKENS) if dice.random() < 0.06 else usual


def _extra(dice: random.Random) -> Members:
    """Members that nobody asked for: unknown ones, forged ones, repeated ones."""
    if dice.random() < 0.8:
        return []
    spell = dice.choice((*FAITHFUL, *FORGING))
    return [(spell(dice.choice((*KEYS, "x", "y", "z"))), dice.choice(TOKENS))]


def _object(dice: random.Random, members: Members, space: str) -> str:
    shuffled = dice.sample(members, len(members))
    return "{" + f",{space}".join(f"{key}{space}:{space}{one}" for key, one in shuffled) + "}"


def _coded(dice: random.Random, text: str) -> Sent:
    body = text.encode("utf-8", "surrogatepass")
    if dice.random() < 0.7:
        return Sent(body)
    return dice.choice(tuple(_codings(text, body)))


def _codings(text: str, body: bytes) -> Iterator[Sent]:
    yield Sent(gzip.compress(body, mtime=0), (JSON, ("content-encoding", "gzip")))
    yield Sent(body, (JSON, ("content-encoding", "gzip")))
    for codec in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        yield Sent(text.encode(codec, "surrogatepass"))
    yield Sent(body.replace(b"echo", b"ech\xc1\xaf", 1))
    yield Sent(body.replace(b"e", b"\xff", 1))
    yield Sent(body + b"\0")
    yield Sent(body * 2)
    yield Sent(b"[" + body + b"]")
    yield Sent(body[:-1])
