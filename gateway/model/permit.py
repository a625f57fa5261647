"""The proof that policy allowed a request; later stages take it as input. Pure: no I/O."""

from dataclasses import dataclass

from gateway.model.call import Call
from gateway.model.principal import Principal


@dataclass(frozen=True, slots=True)
class Decision:
    """What policy says of one call. `policy` and `rule` name what decided ("" for the default).

    `needed_scopes` are set where only scopes are lacking (step-up): every scope of the rule that
    would have allowed it, those that the caller has included, because a client asks for exactly
    what it is told. `shadow` lists "policy/rule" of shadow-mode rules that would have decided
    otherwise.
    """

    allowed: bool
    policy: str = ""
    rule: str = ""
    reason: str = ""
    needed_scopes: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Permit:
    """Calls that may go on, for whom, and by which decisions (one per call, same order)."""

    calls: tuple[Call, ...]
    principal: Principal
    decisions: tuple[Decision, ...]
