"""Second spellings of a path or a header."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup

_ESCAPED: Final = "path_with_escaped_slashes_action"
_UNDERSCORES: Final = "common_http_protocol_options.headers_with_underscores_action"
_KEPT: Final = ("", "KEEP_UNCHANGED", "IMPLEMENTATION_SPECIFIC_DEFAULT")


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        node = manager.node
        for key in ("normalize_path", "merge_slashes"):
            if not node[key].on:
                yield node[key], f"{key} is not set"
        if node[_ESCAPED].text in _KEPT:
            yield node[_ESCAPED], "escaped slashes are kept"
        if node[_UNDERSCORES].text in {"", "ALLOW"}:
            yield node[_UNDERSCORES], "headers with underscores are allowed"


DANGER: Final = Danger(
    name="path-options",
    level="advice",
    reason="a backend may read another path or header than the one that was judged",
    fix="set them as the snippet does",
    find=_find,
)
