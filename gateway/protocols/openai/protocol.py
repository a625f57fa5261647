"""The plugin for OpenAI's API. Pure: no I/O, no clock."""

from gateway.model.head import RequestHead
from gateway.model.refusal import Answer, Refusal
from gateway.protocols.base import Settings
from gateway.protocols.openai import models
from gateway.protocols.openai.opening import OpenAiOpening
from gateway.protocols.openai.render import render


class OpenAi:
    """Everything below the path of a route, which is the base URL of its clients."""

    name = "openai"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._origins = frozenset(origin.lower() for origin in settings.origins)

    @classmethod
    def of(cls, settings: Settings) -> "OpenAi":
        """The plugin for a route."""
        return cls(settings)

    def open(self, head: RequestHead) -> OpenAiOpening:
        """The request that `head` begins."""
        return OpenAiOpening(head, self._settings, self._origins)

    def render(self, refusal: Refusal, audit_id: str, head: RequestHead) -> Answer:
        """The refusal in OpenAI's error form."""
        del head
        return render(refusal, audit_id, as_model_armor=self._settings.blocked_as == "model_armor")

    def list_method(self, method: str) -> bool:
        """Whether the result of `method` is a list that is filtered by policy."""
        return method == models.METHOD
