"""What a short name looks like at a glance. Pure: no I/O, no clock.

Unicode Technical Standard 39, section 4, knows the skeleton of a text: two that have the same look
alike. On top of the normal form, in which letters of other scripts are the Latin ones that they
look like, come the pairs of ASCII that are taken for one another in host and tool names.
"""

from typing import Final

from gateway.guardrails.normal import normalised

_ALIKE: Final = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "$": "s", "4": "a", "@": "a"}
)
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def skeleton(name: str) -> str:
    """`name` (a label of a host, the name of a tool) with everything in it that looks alike made
    the same, in lower case. For comparison only."""
    text = normalised(name).text.casefold().translate(_ALIKE)
    for pair, letter in _PAIRS:
        text = text.replace(pair, letter)
    return text
