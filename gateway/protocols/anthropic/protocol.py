"""The plugin of Anthropic's API: a route's path is the base URL that SDKs are given, and /v1/...
below it is the API. Pure: no I/O, no clock."""

from typing import Final

from gateway.model.head import RequestHead
from gateway.model.refusal import Answer, Refusal
from gateway.protocols.anthropic.endpoint import MODELS_LIST
from gateway.protocols.anthropic.opening import AnthropicOpening
from gateway.protocols.anthropic.render import render
from gateway.protocols.base import Settings

NAME: Final = "anthropic"


class Anthropic:
    """The Messages API below one route."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._origins = frozenset(origin.lower() for origin in settings.origins)

    @classmethod
    def of(cls, settings: Settings) -> "Anthropic":
        """The plugin for a route."""
        return cls(settings)

    def open(self, head: RequestHead) -> AnthropicOpening:
        """The request that `head` begins."""
        return AnthropicOpening(head, self._settings, self._origins)

    def render(self, refusal: Refusal, audit_id: str, head: RequestHead | None = None) -> Answer:
        """The refusal as an error of this API."""
        del head
        return render(refusal, audit_id)

    def list_method(self, method: str) -> bool:
        """Whether the result of `method` is a list that is filtered by policy."""
        return method == MODELS_LIST
