"""The Docker engine and Compose of this machine, in either of its two generations."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from typing import Final

from tests.support.processes import ROOT

COMPOSE_FILE: Final = ROOT / "docker-compose.yml"
DOCKERFILE: Final = ROOT / "Dockerfile"
COMMAND_SECONDS: Final = 60.0
BUILD_SECONDS: Final = 900.0


class EngineError(RuntimeError):
    """A command of Docker failed; the text is what it said."""


def engine_answers() -> bool:
    """Whether there is a Docker engine that this user may talk to."""
    if shutil.which("docker") is None:
        return False
    command = ["docker", "info", "--format", "{{.ServerVersion}}"]
    return _run(command, os.environ, COMMAND_SECONDS).returncode == 0


def compose_command() -> list[str]:
    """`docker compose`, or `docker-compose` where that is all there is. Raises EngineError."""
    if _run(["docker", "compose", "version"], os.environ, COMMAND_SECONDS).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise EngineError("a Docker engine answers, but there is no Compose: install its plugin")


def builder_environment() -> dict[str, str]:
    """Where the newer builder is missing, the older one is asked for by name."""
    buildx = _run(["docker", "buildx", "version"], os.environ, COMMAND_SECONDS)
    return {} if buildx.returncode == 0 else {"DOCKER_BUILDKIT": "0"}


def docker(*arguments: str, seconds: float = COMMAND_SECONDS) -> str:
    """What `docker` prints. Raises EngineError."""
    return run(["docker", *arguments], os.environ, seconds)


def run(command: list[str], env: Mapping[str, str], seconds: float = COMMAND_SECONDS) -> str:
    """What a command prints. Raises EngineError with its last words if it fails."""
    done = _run(command, env, seconds)
    if done.returncode != 0:
        said = "\n".join([*done.stdout.splitlines()[-20:], *done.stderr.splitlines()[-20:]])
        raise EngineError(f"{' '.join(command)}: status {done.returncode}\n{said}")
    return done.stdout


def base_images() -> set[str]:
    """What the images of the Dockerfile are made from; stages are not among them."""
    lines = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    return {image for image, _ in lines} - {stage for _, stage in lines}


def missing_images(wanted: Iterable[str]) -> list[str]:
    """Those that are neither here nor can be pulled."""
    return [image for image in sorted(wanted) if not _have(image)]


def _have(image: str) -> bool:
    inspected = _run(["docker", "image", "inspect", image], os.environ, COMMAND_SECONDS)
    if inspected.returncode == 0:
        return True
    return _run(["docker", "pull", "--quiet", image], os.environ, BUILD_SECONDS).returncode == 0


def _run(
    command: list[str], env: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=dict(env),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no end after {seconds:g} s")
