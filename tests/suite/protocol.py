"""The deframer that tests of suites run raw requests through."""

from gateway.protocols.mcp import Mcp

PROTOCOL = Mcp(batches=False, origins=frozenset(), body_limit=1 << 20)
