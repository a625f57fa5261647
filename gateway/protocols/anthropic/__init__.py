"""Anthropic's Messages API. Pure: no I/O, no clock."""

from gateway.protocols.anthropic.protocol import Anthropic

PROTOCOL = Anthropic.of

__all__ = ["PROTOCOL", "Anthropic"]
