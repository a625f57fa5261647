"""The models of a route's pools, as the gateway lists them itself. Pure: no I/O, no clock.

Pages as Anthropic's: `limit` models, after or before one that the client knows. When a model was
made is not known; the API says the epoch then.
"""

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Final

from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.refusal import Answer, Reason, Refusal
from gateway.model.unknown_model import unknown_model
from gateway.protocols.anthropic.endpoint import MODELS_GET, MODELS_LIST, Endpoint
from gateway.protocols.base import Settings
from gateway.wire.strictjson import dumps
from gateway.wire.urlpath import parameters

_EPOCH: Final = "1970-01-01T00:00:00Z"
_USUAL: Final = 20
_MOST: Final = 1000
_PARAMETERS: Final = ("limit", "after_id", "before_id")

Shows = Callable[[str, str], bool]
"""Whether a caller sees an item of a list: (list method, name)."""


def answered(
    head: RequestHead, endpoint: Endpoint, settings: Settings
) -> Callable[[Shows], Answer | Refusal] | None:
    """The gateway's own answer to a request about models, if the route has pools of them."""
    names = served(settings)
    if not names or endpoint.method not in {MODELS_LIST, MODELS_GET}:
        return None
    if endpoint.method == MODELS_GET:
        return partial(one_model, endpoint.model or "", names)
    return partial(page_of_models, head.path, names)


def served(settings: Settings) -> tuple[str, ...]:
    """Every name by which a route's pools serve a model, aliases of them last."""
    aliases = [name for name, target in settings.aliases.items() if target in settings.models]
    return tuple(dict.fromkeys((*settings.models, *aliases)))


def page_of_models(path: str, names: tuple[str, ...], shows: Shows) -> Answer | Refusal:
    """The page that the query of `path` asks for, of those of `names` that the caller sees."""
    query = parameters(path)
    if query is None:
        return Refusal(Reason.INVALID_REQUEST, "the query cannot be read in one way only")
    found = {key: query.get(key, ()) for key in _PARAMETERS}
    if any(len(values) > 1 for values in found.values()):
        return Refusal(Reason.INVALID_PARAMS, "a parameter of the query occurs more than once")
    limit = _limit(*found["limit"])
    if limit is None:
        return Refusal(Reason.INVALID_PARAMS, f"limit must be an integer from 1 to {_MOST}")
    visible = [name for name in names if shows(MODELS_LIST, name)]
    before = found["before_id"]
    known = [visible.index(one) for one in chain(found["after_id"], before) if one in visible]
    if before:
        rest = visible[: known[-1]] if known else []
        page, more = rest[-limit:], len(rest) > limit
    else:
        rest = visible[known[0] + 1 :] if known else visible
        page, more = rest[:limit], len(rest) > limit
    return _answer(_page(page, more=more))


def one_model(name: str, names: tuple[str, ...], shows: Shows) -> Answer | Refusal:
    """The model `name`; the refusal of an unknown one where the caller does not see it."""
    visible = partial(shows, MODELS_LIST)
    if name in names and visible(name):
        return _answer(_model(name))
    return unknown_model(name, names, visible)


def _limit(value: str = str(_USUAL)) -> int | None:
    number = int(value) if value.isascii() and value.isdigit() and len(value) <= 4 else 0
    return number if 1 <= number <= _MOST else None


def _page(names: list[str], *, more: bool) -> JsonObject:
    models: list[JsonValue] = [_model(name) for name in names]
    first, last = (names[0], names[-1]) if names else (None, None)
    return {"data": models, "has_more": more, "first_id": first, "last_id": last}


def _model(name: str) -> JsonObject:
    return {"type": "model", "id": name, "display_name": name, "created_at": _EPOCH}


def _answer(document: JsonObject) -> Answer:
    headers = (("content-type", "application/json"), ("cache-control", "no-store"))
    return Answer(200, headers, dumps(document))
