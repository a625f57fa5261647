"""The model servers of a pool that gateway.yaml itself names. Pure."""

from gateway.config.backend import Backend
from gateway.config.pool import Member, Pool


def static_members(pool: Pool) -> tuple[Member, ...]:
    """Those of `endpoints`, about which nothing but the address is known, and `members`."""
    return (*(Member(address=address) for address in pool.endpoints), *pool.members)


def addresses_of(upstream: Backend) -> tuple[str, ...]:
    """host:port of every server of a backend or a pool, without those of a pool's `file`."""
    if isinstance(upstream, Pool):
        return tuple(member.address for member in static_members(upstream))
    return upstream.endpoints
