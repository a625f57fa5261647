"""Configurations in a folder, loaded as the supervisor does, built as a worker does."""

import json
from pathlib import Path
from typing import Any

from gateway.bootstrap.load import Loaded, load
from gateway.bootstrap.snapshot import build_snapshot, snapshot_message
from gateway.pipeline.snapshot import Snapshot
from tests.support.gatehouse import allow, gateway_config

NOBODY = {"tracker": ["http://127.0.0.1:1/mcp"]}


def write(folder: Path, *policies: dict[str, Any], **changes: Any) -> Path:
    (folder / "policies").mkdir(exist_ok=True)
    text = "\n---\n".join(json.dumps(one) for one in policies or (allow(tools=["echo"]),))
    (folder / "policies" / "policies.yaml").write_text(text)
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(gateway_config(NOBODY, folder) | changes))
    return file


def loaded(folder: Path, *policies: dict[str, Any], **changes: Any) -> Loaded:
    return load(write(folder, *policies, **changes), {})


def snapshot(*versions: Loaded) -> Snapshot:
    """What a worker makes of the first, while the others drain."""
    message = snapshot_message(versions[0], 7, {}, versions[1:])
    return build_snapshot(json.loads(json.dumps(message)), lambda _: None)


def backend(**changes: Any) -> list[dict[str, Any]]:
    return [{"name": "tracker", "endpoints": ["127.0.0.1:1"], **changes}]
