"""The real Envoy with HTTP filters of a user's own around the gateway's, as beside a real one.

`patched_envoy` writes a program to name in $ENVOY: it puts the filters into the bootstrap that it
is started with, and becomes Envoy.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from gateway.edge.binary import find_envoy
from tests.support.processes import ROOT


def patched_envoy(
    folder: Path,
    filters: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    behind: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    clusters: Sequence[Mapping[str, Any]] = (),
    access_log: Mapping[str, Any] | None = None,
) -> Path:
    """A program that runs the Envoy of these tests with `filters`, by listener name, first in
    their chains and those `behind` last before the router, with further `clusters`, and with an
    access log on every listener."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = folder / "filters.json"
    planned = {
        "envoy": str(find_envoy(os.environ)),
        "filters": filters or {},
        "behind": behind or {},
        "clusters": list(clusters),
        "access_log": access_log,
    }
    plan.write_text(json.dumps(planned))
    program = folder / "envoy"
    program.write_text(
        f"#!{sys.executable}\n"
        f"import sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        f"from tests.support.patched_envoy import run\n"
        f"run({str(plan)!r})\n"
    )
    program.chmod(0o700)
    return program


def run(plan: str) -> None:
    """Becomes Envoy, with the filters of the file `plan` in the bootstrap on the command line."""
    planned = json.loads(Path(plan).read_text())
    arguments = sys.argv[1:]
    if "--config-path" in arguments:
        position = arguments.index("--config-path") + 1
        bootstrap = Path(arguments[position])
        patched = bootstrap.with_name("patched.json")
        document = json.loads(bootstrap.read_text())
        patched.write_text(json.dumps(with_filters(document, planned)))
        arguments[position] = str(patched)
        if planned["access_log"] is not None:
            arguments += ["--file-flush-interval-msec", "20"]  # by default tests would wait 10 s
    os.execv(planned["envoy"], [planned["envoy"], *arguments])


def with_filters(document: dict[str, Any], planned: Mapping[str, Any]) -> dict[str, Any]:
    """The bootstrap with what `patched_envoy` was told."""
    resources = document["staticResources"]
    resources.setdefault("clusters", []).extend(planned["clusters"])
    for listener in resources["listeners"]:
        name = listener["name"]
        manager = listener["filterChains"][0]["filters"][0]["typedConfig"]
        chain = cast("list[Any]", manager["httpFilters"])
        if name in planned["filters"]:
            chain.insert(0, planned["filters"][name])
        chain[-1:-1] = planned["behind"].get(name, [])
        if planned["access_log"] is not None:
            manager["accessLog"] = [planned["access_log"]]
    return document
