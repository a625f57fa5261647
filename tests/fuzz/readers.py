"""How other parsers read a message: Python's json, Node's JSON.parse, Go's encoding/json, and those
that stop at the first key they look for (gjson, early-terminating filters).

Go is imitated from the documentation of json.Unmarshal: keys match fields without regard to case,
by Unicode's simple folding; the last one wins, objects merge, and null changes nothing.
"""

import base64
import contextlib
import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tests.support.node import SCRIPTS, node_command
from tests.support.processes import Process, running

TARGETS = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""The member of `params` that names what a method acts on."""

FOLDED = str.maketrans({"\u017f": "s", "\u212a": "k"})
"""Besides ASCII, all that Go folds to an ASCII letter."""


@dataclass(frozen=True)
class Reading:
    """What a server would act on. A numeric `id` is its text."""

    method: Any
    target: Any
    id: Any


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """The members of an object in order, with repetitions."""


def python_reads(body: bytes) -> Reading | None:
    """The reading of json.loads, which finds the encoding itself; None when it refuses."""
    try:
        message = json.loads(body, parse_int=Number, parse_float=Number)
    except (ValueError, RecursionError):
        return None
    return _reading(message)


def first_key_reads(body: bytes) -> Reading | None:
    """The reading of a parser that takes the first of several equal keys; None when it refuses."""

    def first(members: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(reversed(members))

    try:
        message = json.loads(body, object_pairs_hook=first, parse_int=Number, parse_float=Number)
    except (ValueError, RecursionError):
        return None
    return _reading(message)


def go_reads(body: bytes, *, drops_nul: bool = False) -> Reading | None:
    """The reading of json.Unmarshal into structs; with `drops_nul`, of one SDK that lost U+0000."""

    def refuse(token: str) -> Any:
        raise ValueError(token)

    try:
        document = json.loads(
            body.decode("utf-8", "replace"),
            object_pairs_hook=Members,
            parse_int=Number,
            parse_float=Number,
            parse_constant=refuse,
        )
    except (ValueError, RecursionError):
        return None
    message = _struct(document, ("method", "id", "params"), drops_nul=drops_nul)
    if message is not None and isinstance(message.get("params"), Members):
        fields = (_target_key(message.get("method")),)
        message["params"] = _struct(message["params"], fields, drops_nul=drops_nul)
    return _reading(message)


def _struct(value: Any, fields: Sequence[str], *, drops_nul: bool) -> dict[str, Any] | None:
    if not isinstance(value, Members):
        return None
    found: dict[str, Any] = {}
    for key, member in value:
        bare = key.replace("\0", "") if drops_nul else key
        name = bare.translate(FOLDED).lower()
        if name not in fields or member is None:
            continue
        before = found.get(name)
        both = isinstance(member, Members) and isinstance(before, Members)
        found[name] = Members((*before, *member)) if both and before else member
    return found


def _target_key(method: Any) -> str:
    return TARGETS.get(method, "") if isinstance(method, str) else ""


def _reading(message: Any) -> Reading | None:
    if not isinstance(message, dict):
        return None
    read = cast("dict[str, Any]", message)
    params = read.get("params")
    named = cast("dict[str, Any]", params) if isinstance(params, dict) else {}
    method = read.get("method")
    return Reading(method, named.get(_target_key(method)), read.get("id"))


class NodeReader:
    """A Node process that reads one list of messages after the other."""

    def __init__(self, process: Process) -> None:
        """Takes the running reader.mjs."""
        self._process = process
        self._asked = 0

    def read(self, bodies: Sequence[bytes]) -> list[Reading | None]:
        """What JSON.parse makes of each body; None when it refuses."""
        self._process.stdin.write(json.dumps([base64.b64encode(one).decode() for one in bodies]))
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self._process.wait_for_line(f'^{{"n":{self._asked},.*')[0]
        self._asked += 1
        readings: list[dict[str, Any] | None] = json.loads(answer)["readings"]
        return [None if reading is None else Reading(**reading) for reading in readings]


@contextlib.contextmanager
def node_reader() -> Generator[NodeReader]:
    """A reader for the length of the block."""
    with running(node_command(SCRIPTS / "reader.mjs")) as process:
        yield NodeReader(process)
