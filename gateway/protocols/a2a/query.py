"""The query of a REST request, each parameter once. Pure: no I/O, no clock.

Frameworks differ on repeated parameters, on ";" as a separator and on brackets as arrays.
"""

import re
from typing import Final
from urllib.parse import parse_qsl

from gateway.model.jsonvalue import JsonObject
from gateway.protocols.a2a.members import WrongError
from gateway.wire.keyfold import fold

VERSION: Final = "A2A-Version"
MAX_PARAMETERS: Final = 64

_STRICT: Final = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,=:@/?]|%[0-9A-Fa-f]{2})*")
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,9})")
_INTEGERS: Final = frozenset({"historyLength", "pageSize"})
_BOOLEANS: Final = {"true": True, "false": False}


def parameters(path: str) -> dict[str, str]:
    """The decoded parameters of `path`; raises WrongError where readers would disagree."""
    _, _, query = path.partition("?")
    if not query:
        return {}
    if _STRICT.fullmatch(query) is None:
        raise WrongError("the query is not readable")
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError as error:  # UnicodeDecodeError is one
        raise WrongError("the query is not readable") from error
    found = dict(pairs)
    if len({fold(key) for key in found}) != len(pairs):
        raise WrongError("a parameter of the query occurs more than once")
    for key in found:
        if not key.isprintable() or not {"[", "]"}.isdisjoint(key):
            raise WrongError("the query has an unreadable parameter")
        if fold(key).replace("_", "-") == fold(VERSION) and key != VERSION:
            raise WrongError(f'a parameter can be mistaken for "{VERSION}"')
    return found


def as_params(found: dict[str, str]) -> JsonObject:
    """The parameters as the params that a body would have; raises WrongError."""
    params: JsonObject = {}
    for key, value in found.items():
        if key in _INTEGERS:
            if _INTEGER.fullmatch(value) is None:
                raise WrongError(f"the query's {key} must be an integer")
            params[key] = int(value)
        elif key == "includeArtifacts":
            if value not in _BOOLEANS:
                raise WrongError(f"the query's {key} must be true or false")
            params[key] = _BOOLEANS[value]
        elif key != VERSION:
            params[key] = value
    return params
