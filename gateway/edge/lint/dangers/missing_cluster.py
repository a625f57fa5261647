"""A filter that asks a cluster which is not there."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import CHECKER, PROCESSOR, Setup


def _find(setup: Setup) -> Found:
    dynamic = any(
        root[f"dynamic_resources.{key}"].given
        for root in setup.roots
        for key in ("cds_config", "ads_config")
    )
    whole = any(root["static_resources"].given for root in setup.roots)
    if dynamic or not whole:
        return
    names = {cluster["name"].text for cluster in setup.clusters}
    for manager in setup.managers:
        for one in manager.filters:
            asks = one.type in {PROCESSOR, CHECKER} and one.cluster.given
            if asks and one.cluster.text not in names:
                yield one.cluster, f"there is no cluster {one.cluster.text}"


DANGER: Final = Danger(
    name="missing-cluster",
    level="danger",
    reason="nothing is judged; releases of Envoy have let such requests pass",
    fix="name the workers' cluster, which the snippet brings",
    find=_find,
)
