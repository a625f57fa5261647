"""The browser origins that may call. Pure: no I/O, no clock."""

from gateway.model.head import Headers
from gateway.model.refusal import Reason, Refusal


def origin_refusal(headers: Headers, origins: frozenset[str]) -> Refusal | None:
    """Browsers send Origin; a page that was not allowed must not reach a server that only trusts
    its network (DNS rebinding), so any origin outside of `origins` (lower case) is refused."""
    if all(value.lower() in origins for value in headers.all("origin")):
        return None
    return Refusal(Reason.DENIED, "this origin may not call")
