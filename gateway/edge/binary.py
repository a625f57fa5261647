"""Finding, checking and starting the real Envoy."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateway.config.schema import Gateway
from gateway.edge.bootstrap import whole_bootstrap
from gateway.edge.files import replace_file
from gateway.edge.packing import to_json

OLDEST: Final = (1, 38, 3)
"""The oldest Envoy that is accepted, and the core of the tests runs on it. 1.37 and 1.36 refuse the
generated configuration: they have no `status_on_strict_destination_not_found` (a session whose
endpoint left would end as 503, and no client begin a new one), 1.36 no `allow_paths` of the admin
address either. Before 1.38.3, 1.38 crashes by ext_authz with settings of a route (CVE-2026-47205).
"""

ROOT: Final = Path(__file__).resolve().parents[2]
"""The clone, whose .envoy holds the Envoy that `make` installs."""

_WHEEL: Final = ".envoy/lib/python*/site-packages/envoy/_bin/envoy"


class EnvoyMissingError(RuntimeError):
    """There is no Envoy that can be started; the text says where it was looked for."""


def find_envoy(environment: Mapping[str, str], root: Path = ROOT) -> Path:
    """The Envoy to run: $ENVOY, or the one of `make` below `root`, or the first in $PATH.

    Raises EnvoyMissingError if there is none, or if $ENVOY names something else.
    """
    if named := environment.get("ENVOY"):
        found = shutil.which(named, path=environment.get("PATH", ""))
        if found is None:
            raise EnvoyMissingError(f"ENVOY={named} is not a program")
        return Path(found).resolve()
    for installed in sorted(root.glob(_WHEEL)):
        return installed
    if found := shutil.which("envoy", path=environment.get("PATH", "")):
        return Path(found).resolve()
    looked = f"$ENVOY is not set, {root / '.envoy'} has none, and neither has $PATH"
    raise EnvoyMissingError(f"no Envoy found: {looked}; `make setup` installs one")


def envoy_version(binary: Path) -> tuple[int, int, int]:
    """The version of an Envoy. Raises EnvoyMissingError if the program is no Envoy or too old."""
    try:
        shown = subprocess.run(  # noqa: S603  the program that the operator named
            [binary, "--version"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvoyMissingError(f"{binary} cannot be run: {type(error).__name__}") from None
    match = re.search(r"/(\d+)\.(\d+)\.(\d+)/", shown)
    if match is None:
        raise EnvoyMissingError(f"{binary} is not Envoy")
    version = int(match[1]), int(match[2]), int(match[3])
    if version < OLDEST:
        raise EnvoyMissingError(
            f"{binary} is Envoy {_dotted(version)}; {_dotted(OLDEST)} or newer is needed"
        )
    return version


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))


def envoy_command(
    binary: Path, bootstrap: Path, *, concurrency: int = 2, log_level: str = "warning"
) -> list[str]:
    """How to start Envoy with a bootstrap file. `concurrency` is its number of worker threads.

    Without hot restart, so that several can run on one machine; SIGTERM stops it.
    """
    return [
        str(binary),
        *("--config-path", str(bootstrap)),
        *("--concurrency", str(concurrency)),
        *("--log-level", log_level),
        "--disable-hot-restart",
    ]


def validate(gateway: Gateway, workers: list[str], binary: Path, scratch: Path) -> str | None:
    """What Envoy itself says against the generated configuration; None if it accepts it.

    `scratch` is a file to write to, of mode 0600: it holds credentials, and is removed again.
    """
    replace_file(scratch, to_json(whole_bootstrap(gateway, workers)))
    command = [*envoy_command(binary, scratch, concurrency=1), "--mode", "validate"]
    try:
        run = subprocess.run(  # noqa: S603  the program that the operator named
            command, capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        scratch.unlink()
    return None if run.returncode == 0 else _complaint(run.stderr)


def _complaint(log: str) -> str:
    lines = [line for line in log.splitlines() if "error" in line.lower()] or log.splitlines()
    return lines[-1].strip() if lines else "Envoy gave no reason"
