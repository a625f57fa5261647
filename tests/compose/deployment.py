"""docker-compose.yml, run under a project name of its own with a copy of the policies."""

import base64
import contextlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import yaml

from tests.compose.engine import (
    BUILD_SECONDS,
    COMPOSE_FILE,
    base_images,
    builder_environment,
    compose_command,
    docker,
    missing_images,
    run,
)
from tests.support.ports import free_port
from tests.support.processes import ROOT

UP_SECONDS: Final = 300.0


class Deployment:
    """The running containers, by the names of their services."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.policies = folder / "policies"
        shutil.copytree(ROOT / "policies", self.policies)
        folder.chmod(0o755)  # the containers' user is another one
        self._env = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": f"gatehouse-test-{secrets.token_hex(4)}",
            "GATEWAY_PORT": str(self.port),
            "POLICIES": str(self.policies),
            "SEAL_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "BUILD_NETWORK": os.environ.get("BUILD_NETWORK", "host"),
            **builder_environment(),
        }
        self._services: dict[str, dict[str, Any]] = {}
        self._ids: dict[str, str] = {}
        self._compose = [*compose_command(), "-f", str(COMPOSE_FILE)]

    def compose(self, *arguments: str, seconds: float = UP_SECONDS) -> str:
        """What Compose prints. Raises EngineError."""
        return run([*self._compose, *arguments], self._env, seconds)

    def missing_images(self) -> list[str]:
        """What neither is here, nor can be pulled, nor is built from the clone."""
        services = self.services()
        ours = {one["image"] for one in services.values() if "build" in one}
        wanted = {one["image"] for one in services.values()} - ours
        return missing_images(wanted | base_images())

    def services(self) -> dict[str, dict[str, Any]]:
        """Services that run without a profile, by name, as Compose itself reads them."""
        if not self._services:
            config: dict[str, Any] = yaml.safe_load(self.compose("config"))
            self._services = {
                name: service
                for name, service in config["services"].items()
                if not service.get("profiles")
            }
        return self._services

    def build(self) -> None:
        """The images of the gateway and of the demo."""
        self.compose("build", seconds=BUILD_SECONDS)

    def up(self) -> None:
        """Everything, when Compose says that it is started."""
        self.compose("up", "--detach", "--no-build")

    def down(self) -> None:
        """Nothing is left but the images."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "3")

    def container(self, service: str) -> str:
        """The container's id, which stays when it is killed and started."""
        if service not in self._ids:
            self._ids[service] = self.compose("ps", "-q", service).strip()
        return self._ids[service]

    def inspect(self, service: str) -> dict[str, Any]:
        """The container as the engine sees it."""
        found: list[dict[str, Any]] = json.loads(docker("inspect", self.container(service)))
        return found[0]

    def kill(self, service: str) -> None:
        """SIGKILL; gone when this returns."""
        container = self.container(service)
        docker("kill", container)
        docker("wait", container)

    def start(self, service: str) -> None:
        """A killed container, once more."""
        docker("start", self.container(service))

    def execute(self, service: str, *command: str) -> str:
        """What a command in the container prints. Raises EngineError."""
        return docker("exec", self.container(service), *command)

    def logs(self) -> str:
        """The last words of the two containers that matter."""
        return self.compose("logs", "--no-color", "--tail", "25", "envoy", "gateway")


@contextlib.contextmanager
def deployment() -> Generator[Deployment]:
    """A deployment that is not up yet; down, and its folder gone, at the end."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-compose-") as folder:
        one = Deployment(Path(folder))
        try:
            yield one
        finally:
            one.down()
