"""A reload on real files, real worker processes and real connections, before a stand-in of Envoy
(see rollout_stage.py)."""

from dataclasses import dataclass
from typing import Any

from gateway.adapters.jwks import JwksKeeper
from gateway.bootstrap.load import Loaded, load
from gateway.supervisor.discovery import Discovery
from gateway.supervisor.metrics import SupervisorMetrics
from gateway.supervisor.reload import Reload
from tests.supervisor.rollout_stage import Stage, write
from tests.supervisor.test_health import Listener


@dataclass
class Followed:
    """A gateway of which one endpoint, `listener`, is up; its files are followed by `reload`."""

    stage: Stage
    reload: Reload
    listener: Listener

    def edit(self, *policies: dict[str, Any], **changes: Any) -> None:
        """Write the files: the first configuration with these changes."""
        write(self.stage.folder, self.stage.config | changes, *policies)

    def backend(self, *endpoints: str, **changes: Any) -> list[dict[str, Any]]:
        (backend,) = self.stage.config["backends"]
        return [{**backend, "endpoints": endpoints, **changes}]

    def metric(self, name: str, **labels: str) -> float | None:
        return self.reload.metrics.registry.get_sample_value(f"gatehouse_{name}", labels)


def reload_of(stage: Stage) -> Reload:
    """What follows the files of a stage, made of the real parts."""

    def read() -> Loaded:
        return load(stage.folder / "gateway.yaml", {})

    metrics = SupervisorMetrics()
    discovery = Discovery(stage.pool, metrics)
    discovery.serve(stage.rollout)
    keys = JwksKeeper((), lambda _issuer, _document: None)
    stage.key_sets = keys.documents
    return Reload(read, stage.rollout, keys, discovery, metrics)
