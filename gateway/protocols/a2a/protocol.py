"""The A2A plugin: every binding of 0.3 and 1.0 below one path. Pure: no I/O, no clock.

JSON-RPC is POSTed to the path itself, REST and the card's well-known paths are below it. A route
whose path is a gRPC service has that binding alone.
"""

from dataclasses import replace

from gateway.model.head import RequestHead
from gateway.model.refusal import Answer, Refusal
from gateway.protocols.a2a.client import Client, binding_of, client_of
from gateway.protocols.a2a.opening import A2aOpening
from gateway.protocols.a2a.operation import ABOUT_TASKS, NAME
from gateway.protocols.a2a.render import render
from gateway.protocols.base import Settings


class A2a:
    """The protocol of one route."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        lower = frozenset(origin.lower() for origin in settings.origins)
        self._settings = replace(settings, origins=lower)

    @classmethod
    def of(cls, settings: Settings) -> "A2a":
        """The plugin for a route."""
        return cls(settings)

    def open(self, head: RequestHead) -> A2aOpening:
        """The request that `head` begins."""
        return A2aOpening(head, self._settings)

    def render(self, refusal: Refusal, audit_id: str, head: RequestHead) -> Answer:
        """The refusal in the form of the binding that `head` uses."""
        binding = binding_of(head, self._settings.path)
        about_task = refusal.method in ABOUT_TASKS or self._names_task(head)
        return render(refusal, audit_id, binding, hides_task=about_task)

    def list_method(self, method: str) -> bool:
        """Nothing is filtered by policy: what ListTasks shows is the agent's to decide."""
        del method
        return False

    def _names_task(self, head: RequestHead) -> bool:
        """Whether the head names an operation on one task."""
        client = client_of(head, self._settings)
        operation = client.operation if isinstance(client, Client) else None
        return operation is not None and operation.method in ABOUT_TASKS
