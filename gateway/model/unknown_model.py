"""A model that nothing serves, and the one that may have been meant. Pure: no I/O, no clock."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Final

from gateway.model.refusal import Reason, Refusal

MOST_NAMES: Final = 2_000
"""Names that are compared."""

LONGEST_NAME: Final = 200
"""Characters of a name that is compared: that takes the product of both lengths."""

_LIKENESS: Final = 0.5
_COMPARED: Final = 16
_NAMED: Final = 3


def unknown_model(name: str, known: Iterable[str], shows: Callable[[str], bool]) -> Refusal:
    """The refusal of a request for the model `name`. It tells up to three of `known` that are
    spelt most like it; never one that `shows` refuses, which the caller must not learn of."""
    near = [one for one in _like(name, known) if shows(one)][:_NAMED]
    meant = " or ".join(f'"{one}"' for one in near)
    hint = f"; did you mean {meant}?" if near else ""
    return Refusal(Reason.UNKNOWN_MODEL, f"there is no such model{hint}")


def _like(name: str, known: Iterable[str]) -> list[str]:
    if len(name) > LONGEST_NAME:
        return []
    by_fold = {one.casefold(): one for one in islice(known, MOST_NAMES) if len(one) <= LONGEST_NAME}
    found = get_close_matches(name.casefold(), list(by_fold), n=_COMPARED, cutoff=_LIKENESS)
    return [by_fold[one] for one in found]
