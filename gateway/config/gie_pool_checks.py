"""What an InferencePool says beside the pool of the same name in gateway.yaml. Pure: no I/O, no
clock.

Source: Gateway API Inference Extension, InferencePool v1.
"""

from collections.abc import Iterator

from gateway.config.addresses import parse_address
from gateway.config.document import Document
from gateway.config.gie_resources import InferencePool, pool_parts
from gateway.config.members import addresses_of
from gateway.config.pool import Pool
from gateway.model.problem import Problem


def check_manifest(manifest: InferencePool, pool: Pool, document: Document) -> Iterator[Problem]:
    """What is wrong with `manifest`, which `document` holds, and where `pool` differs from it."""
    parts = pool_parts(manifest)
    if parts.failure_mode == "FailOpen":
        message = "requests that nobody judged would pass; Gatehouse fails closed"
        yield document.problem(
            ("spec", "endpointPickerRef", "failureMode"), message, "failureMode: FailClose"
        )
    if pool.kubernetes is None:
        message = "no effect here: the pool does not follow pods"
        fix = f"kubernetes: {{inference_pool: {manifest.metadata.name}}} on the pool, if it should"
        yield document.warning(("spec", "selector"), message, fix)
    if parts.http2 != pool.http2:
        message = f'pool "{pool.name}" of gateway.yaml speaks {_spoken(pool.http2)}'
        fix = f"http2: {str(parts.http2).lower()} on the pool, or another appProtocol here"
        yield document.warning(("spec", "appProtocol"), message, fix)
    elsewhere = [one for one in addresses_of(pool) if not _on(one, parts.ports)]
    if elsewhere:
        more = f" and {len(elsewhere) - 1} more" if len(elsewhere) > 1 else ""
        message = f'{elsewhere[0]}{more} of pool "{pool.name}" is on none of these ports'
        yield document.warning(("spec", "targetPorts"), message, "gateway.yaml counts; correct one")


def _spoken(http2: bool) -> str:
    return "HTTP/2" if http2 else "HTTP/1.1"


def _on(address: str, ports: tuple[int, ...]) -> bool:
    found = parse_address(address)
    return found is not None and found.port in ports
