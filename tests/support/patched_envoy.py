"""The real Envoy with HTTP filters of a user's own before the gateway's, as beside a real one.

`patched_envoy` writes a program to name in $ENVOY: it puts the filters into the bootstrap that it
is started with, and becomes Envoy.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from gateway.edge.binary import find_envoy
from tests.support.processes import ROOT


def patched_envoy(folder: Path, filters: Mapping[str, Mapping[str, Any]]) -> Path:
    """A program that runs Envoy with `filters`, by listener name, first in their chains."""
    plan = folder / "filters.json"
    plan.write_text(json.dumps(filters))
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
    arguments = sys.argv[1:]
    if "--config-path" in arguments:
        position = arguments.index("--config-path") + 1
        bootstrap = Path(arguments[position])
        patched = bootstrap.with_name("patched.json")
        document = json.loads(bootstrap.read_text())
        patched.write_text(json.dumps(with_filters(document, json.loads(Path(plan).read_text()))))
        arguments[position] = str(patched)
    envoy = find_envoy({"PATH": os.environ.get("PATH", "")})
    os.execv(envoy, [str(envoy), *arguments])


def with_filters(document: dict[str, Any], filters: Mapping[str, Any]) -> dict[str, Any]:
    """The bootstrap with a filter first in the chain of each named listener."""
    for listener in document["staticResources"]["listeners"]:
        if listener["name"] in filters:
            manager = listener["filterChains"][0]["filters"][0]["typedConfig"]
            chain = cast("list[Any]", manager["httpFilters"])
            chain.insert(0, filters[listener["name"]])
    return document
