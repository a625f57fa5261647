"""What metrics tell of one operation of a client."""

from typing import NamedTuple


class Operation(NamedTuple):
    """Every value is finite by configuration or by our own tables: each becomes a label.

    `protocol` is that of the route. `target` is a tool, prompt or model, "" where the method has
    none; `version` the protocol's revision. `error` is the `error.type` of OpenTelemetry, "" for
    success: over MCP the JSON-RPC code of a refusal, which `status` is as well.
    """

    route: str
    backend: str
    protocol: str
    method: str
    target: str
    version: str
    error: str
    status: str
