"""A rollout on real files and real worker processes, before a stand-in of Envoy.

The stand-in is an HTTP server at Envoy's admin address. Whenever it is asked it reads the files
that were written, and takes, refuses or ignores them as a test wants it, so that each of these
can be shown at will; tests/envoy/test_reload.py and test_reload_broken.py show the real one.
"""

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typing_extensions import override

from gateway.bootstrap.load import Loaded, load
from gateway.edge.admin import EnvoyAdmin
from gateway.edge.files import EnvoyFiles, sole_writer
from gateway.edge.layout import Layout
from gateway.model.jsonvalue import JsonObject
from gateway.supervisor.rollout import Rollout
from gateway.supervisor.workers import WorkerPool
from tests.supervisor.test_workers import ADDRESSES, COMMAND, QUICK, eventually
from tests.support.gatehouse import allow, gateway_config
from tests.support.http_server import Handler, serving

ENDPOINT = "127.0.0.1:1"
KEY = ("tracker", ENDPOINT)
LONG_DRAIN = 3600.0

Says = Callable[[str, str], bool]
"""Whether something holds of a file, given by its key (as in `EnvoyFiles`) and its text."""


def never(key: str, text: str) -> bool:
    """No file."""
    del key, text
    return False


def always(key: str, text: str) -> bool:
    """Every file."""
    del key, text
    return True


@dataclass
class StandInEnvoy:
    """Answers /stats as Envoy does. `refuses` and `ignores` say of which files; `gone` closes
    every connection unanswered. Each change that it finds on disk is a step."""

    layout: Layout
    steps: list[str]
    refuses: Says = never
    ignores: Says = never
    gone: bool = False
    asked: int = 0
    on_disk: dict[str, str] = field(default_factory=dict[str, str])
    in_force: dict[str, str] = field(default_factory=dict[str, str])
    refused: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def look(self) -> list[str]:
        """Read every file as a running Envoy does; the keys of those that changed."""
        before, self.on_disk = self.on_disk, {}
        for key, file in self._files().items():
            text = file.read_text()
            self.on_disk[key] = json.loads(text)["versionInfo"]
            self._consider(key, self.on_disk[key], text)
        return [
            f"{key} {label(version)}"
            for key, version in sorted(self.on_disk.items())
            if before.get(key) != version
        ]

    def _files(self) -> dict[str, Path]:
        files = {"clusters": self.layout.clusters}
        for kind, sample in (
            ("endpoints", self.layout.endpoints("")),
            ("routes", self.layout.routes("")),
        ):
            files |= {f"{kind}/{one.stem}": one for one in sample.parent.glob("*.json")}
        return files

    def _consider(self, key: str, version: str, text: str) -> None:
        if version in (self.in_force.get(key), *self.refused.get(key, ())):
            return
        if self.refuses(key, text):
            self.refused.setdefault(key, []).append(version)
        elif not self.ignores(key, text):
            self.in_force[key] = version

    def stats(self) -> bytes:
        """What /stats answers, once the files were read."""
        self.asked += 1
        if changed := self.look():
            self.steps.append(f"envoy finds {', '.join(changed)}")
        entries: list[JsonObject] = []
        for key, version in self.in_force.items():
            entries.append({"name": f"{_prefix(key)}.version_text", "value": version})
        for key, versions in self.refused.items():
            entries.append({"name": f"{_prefix(key)}.update_rejected", "value": len(versions)})
        return json.dumps({"stats": entries}).encode()

    def handler(self) -> type[Handler]:
        """Serves `stats`, whatever the path."""
        envoy = self

        class Admin(Handler):
            def do_GET(self) -> None:  # noqa: N802  http.server calls it
                self.close_connection = envoy.gone
                if not envoy.gone:
                    self.answer(200, envoy.stats())

        return Admin


def _prefix(key: str) -> str:
    kind, _, name = key.partition("/")
    if kind == "clusters":
        return "cluster_manager.cds"
    return f"http.{name}.rds.{name}_routes" if kind == "routes" else f"cluster.{name}"


def label(version: str) -> str:
    """A version without its digest: the number of the attempt, and what became of it."""
    return version.rpartition("-")[0]


class NotingPool(WorkerPool):
    """The real pool. It notes what it is to publish; `script` goes to the scripted workers."""

    def __init__(self, steps: list[str]) -> None:
        super().__init__(ADDRESSES, {}, COMMAND, timing=QUICK)
        self.steps = steps
        self.messages: list[JsonObject] = []
        self.script: JsonObject = {}

    @override
    async def start(self, snapshot: JsonObject) -> None:
        self.messages.append(snapshot)
        await super().start({**snapshot, **self.script})

    @override
    async def publish(self, snapshot: JsonObject) -> None:
        self.messages.append(snapshot)
        await super().publish({**snapshot, **self.script})
        self.steps.append(f"workers take {snapshot['number']}")


@dataclass
class Stage:
    """A rollout and what it works on. `steps` is what happened, in order; `key_sets` gives those
    that it hands to workers."""

    folder: Path
    config: dict[str, Any]
    steps: list[str]
    files: EnvoyFiles
    envoy: StandInEnvoy
    pool: NotingPool
    rollout: Rollout
    key_sets: Callable[[], Mapping[str, bytes]] = dict[str, bytes]

    async def start(self, health: Mapping[tuple[str, str], bool] | None = None) -> None:
        """Put the first configuration into force; Envoy has it."""
        await self.rollout.start({KEY: True} if health is None else health)
        self.envoy.look()

    def written(self, *policies: Mapping[str, Any], **changes: Any) -> Loaded:
        """A configuration that differs from the first in these top-level parts."""
        return load(write(self.folder, self.config | changes, *policies), {})

    def moved(self, name: str, *policies: Mapping[str, Any]) -> Loaded:
        """The route leads to a backend of this name instead."""
        (route,), (backend,) = self.config["routes"], self.config["backends"]
        return self.written(
            *(policies or (allow(backend=name),)),
            routes=[{**route, "backend": name}],
            backends=[{**backend, "name": name}],
        )

    def resources(self, file: Path) -> list[dict[str, Any]]:
        """What a file for Envoy holds, whatever its version."""
        found: list[dict[str, Any]] = json.loads(file.read_text())["resources"]
        return found

    def clusters(self) -> list[str]:
        """The names of the clusters that are written."""
        return [str(one["name"]) for one in self.resources(self.files.layout.clusters)]

    def labels(self) -> dict[str, str]:
        """File key -> label, as it is on disk."""
        self.envoy.look()
        return {key: label(version) for key, version in self.envoy.on_disk.items()}

    def health(self, backend: str = "tracker") -> dict[str, bool]:
        """Address -> healthy, as it is on disk."""
        (assignment,) = self.resources(self.files.layout.endpoints(backend))
        return {
            _address(one): one.get("healthStatus") == "HEALTHY"
            for one in assignment["endpoints"][0]["lbEndpoints"]
        }

    def retiring(self) -> list[str]:
        """The backends of routes that workers, by the last message, still know."""
        routes = self.pool.messages[-1]["retiring"]
        assert isinstance(routes, list)
        return [str(route["backend"]) for route in routes if isinstance(route, dict)]


async def under_way(stage: Stage, looks: int = 3) -> None:
    """Until Envoy was asked this often once more."""
    wanted = stage.envoy.asked + looks

    async def asked() -> bool:
        return stage.envoy.asked >= wanted

    await eventually(asked)


def _address(endpoint: Mapping[str, Any]) -> str:
    socket = endpoint["endpoint"]["address"]["socketAddress"]
    return f"{socket['address']}:{socket['portValue']}"


def write(folder: Path, config: Mapping[str, Any], *policies: Mapping[str, Any]) -> Path:
    """Write gateway.yaml and its policies (default: everything is allowed); the former's path."""
    (folder / "policies").mkdir(exist_ok=True)
    text = "\n---\n".join(json.dumps(one) for one in policies or (allow(),))
    (folder / "policies" / "policies.yaml").write_text(text)
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(dict(config)))
    return file


@asynccontextmanager
async def staged(
    folder: Path, *, endpoints: Sequence[str] = (ENDPOINT,), absent: str = "", **changes: Any
) -> AsyncGenerator[Stage]:
    """A stage that is not started yet, with two workers and one route to one backend. `absent`
    is an admin address at which no Envoy answers."""
    with ExitStack() as parts:
        files, steps = parts.enter_context(sole_writer(folder / "run")), list[str]()
        envoy = StandInEnvoy(files.layout, steps)
        address = absent or parts.enter_context(serving(envoy.handler()))
        config = gateway_config({"tracker": [f"http://{one}/mcp" for one in endpoints]}, folder)
        config["service"]["envoy_admin"] = address
        config |= {"limits": {"drain_seconds": LONG_DRAIN}, **changes}
        pool, first = NotingPool(steps), load(write(folder, config), {})
        rollout = Rollout(pool, files, EnvoyAdmin(address), lambda: dict(stage.key_sets()), first)
        stage = Stage(folder, config, steps, files, envoy, pool, rollout)
        try:
            yield stage
        finally:
            await rollout.close()
            await pool.stop(0)
