"""Everybody, where a listener says so. Pure: no I/O, no clock."""

from gateway.identity.base import Method
from gateway.identity.keys import KeySource
from gateway.identity.rules import ListenerRules
from gateway.model.head import RequestHead
from gateway.model.principal import ANONYMOUS, Principal


def verify(head: RequestHead, rules: ListenerRules, keys: KeySource, now: float) -> Principal:
    """The anonymous principal; it gives way to any other identity that verified."""
    del head, rules, keys, now
    return ANONYMOUS


METHOD = Method("anonymous", verify)
