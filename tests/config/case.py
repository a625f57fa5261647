"""A right gateway.yaml as a value, and what is wrong with changed ones."""

import base64
import json
import secrets
from pathlib import Path
from typing import Any

from gateway.config.loading import Loaded, inspect_gateway

KEY = base64.b64encode(secrets.token_bytes(32)).decode()


def right() -> dict[str, Any]:
    return {
        "apiVersion": "gatehouse.dev/v1",
        "listeners": [{"name": "main", "port": 8080, "identity": {"accept": ["anonymous"]}}],
        "routes": [{"name": "mcp", "path": "/mcp", "protocol": "mcp", "backend": "tracker"}],
        "backends": [{"name": "tracker", "endpoints": ["127.0.0.1:9001"]}],
        "sessions": {"keys": [KEY]},
        "service": {"listen": "127.0.0.1:9920"},
    }


def inspected(value: dict[str, Any], folder: Path, *, demo: bool = False) -> Loaded:
    """JSON is YAML, so the value is written as JSON."""
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(value))
    return inspect_gateway(file, {}, demo=demo)


def complaints(value: dict[str, Any], folder: Path) -> list[str]:
    """`severity path: message` of every problem."""
    problems = inspected(value, folder).problems
    return [f"{problem.severity} {problem.path}: {problem.message}" for problem in problems]
