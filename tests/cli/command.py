"""Runs subcommands in this process, on the shipped demo or on files that a test writes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from gateway.cli.app import application
from tests.support.gatehouse import KEY, SEAL_KEY, key_entry

ROOT = Path(__file__).resolve().parents[2]
DEMO = str(ROOT / "demo" / "gateway.yaml")
CREDENTIAL = "Bearer backend-credential-0123456789"
SECRETS = (KEY, SEAL_KEY, CREDENTIAL)


def gatehouse(*arguments: str, stdin: bytes | None = None) -> Result:
    """What `gatehouse ARGUMENTS` says, stdout and stderr apart."""
    return CliRunner().invoke(application(arguments), list(arguments), input=stdin)


def write_gateway(folder: Path, *policies: Mapping[str, Any], **changes: Any) -> str:
    """A gateway.yaml with secrets in it, and its policies; the path of the former."""
    config: dict[str, Any] = {
        "apiVersion": "gatehouse.dev/v1",
        "listeners": [{"name": "agents", "port": 10000, "identity": {"accept": ["key"]}}],
        "routes": [
            {"name": "tracker", "path": "/mcp", "protocol": "mcp", "backend": "tracker"},
            {"name": "raw", "path": "/raw", "protocol": "unjudged", "backend": "tracker"},
        ],
        "backends": [
            {"name": "tracker", "endpoints": ["127.0.0.1:9101"], "auth": {"value": CREDENTIAL}}
        ],
        "identity": {"keys": [key_entry("tester", KEY)]},
        "sessions": {"keys": [SEAL_KEY]},
    }
    (folder / "policies").mkdir(exist_ok=True)
    text = "\n---\n".join(json.dumps(one, indent=1) for one in policies)
    (folder / "policies" / "policies.yaml").write_text(text)
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(config | changes, indent=1))
    return str(file)


def without_secrets(result: Result, secrets: Sequence[str] = SECRETS) -> Result:
    """The result, in which no secret may be."""
    for secret in secrets:
        assert secret not in result.output
        assert secret.removeprefix("Bearer ") not in result.output
    assert "Traceback" not in result.output
    return result
