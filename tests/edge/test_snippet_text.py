import textwrap

import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.snippet import Part, snippet
from gateway.edge.snippet_text import snippet_text
from tests.edge.test_snippet import every_kind

SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"))
KEYS = st.from_regex(r"[a-zA-Z0-9_.@:/-]{1,12}", fullmatch=True)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def test_the_text_says_what_the_parts_are() -> None:
    gateway = every_kind()
    parts = snippet(gateway, gateway.listeners[0], ["127.0.0.1:9500"])
    text = snippet_text(parts, "main")
    assert yaml.safe_load(text) == {place: part.value for place, part in parts.items()}
    assert "&id" not in text


def test_each_part_has_its_comments_above() -> None:
    value = {"first": {"a": "x" * 100, "b": ["y" * 100]}, "second": 1}
    parts = {
        "place": Part(value, "Into the place.", {"second": "As it is."}),
        "rows": Part([{"name": "one", "z": "q" * 100}], "A list.", {"one": "The first."}),
    }
    text = snippet_text(parts, "main").partition("\n\n")[2]
    assert text == textwrap.dedent(
        f"""\
        # Into the place.
        place:
          first:
            a: {"x" * 100}
            b:
            - {"y" * 100}
          # As it is.
          second: 1

        # A list.
        rows:
        # The first.
        - name: one
          z: {"q" * 100}
        """
    )


@given(st.dictionaries(KEYS, TREES, min_size=1))
def test_any_value_reads_back_as_it_was(value: dict[str, object]) -> None:
    text = snippet_text({"place": Part(value, "Somewhere.")}, "main")
    assert yaml.safe_load(text) == {"place": value}
