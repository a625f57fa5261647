"""A2A 0.3 and 1.0 over JSON-RPC, REST and gRPC. Pure: no I/O, no clock."""

from gateway.protocols.a2a.protocol import A2a

PROTOCOL = A2a.of

__all__ = ["PROTOCOL", "A2a"]
