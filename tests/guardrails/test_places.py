from hypothesis import given
from hypothesis import strategies as st

from gateway.guardrails.normal import Normal, normalised
from gateway.guardrails.places import Places


@given(
    text=st.lists(st.sampled_from(["a", "漢", "é", "\u200b", "🙂", "x" * 700]), max_size=12).map(
        "".join
    )
)
def test_bytes_of_the_normal_form_have_their_characters_of_the_original(text: str) -> None:
    normal = normalised(text)
    places = Places(normal, normal.text.encode())
    at = 0
    for index, sign in enumerate(normal.text):
        size = len(sign.encode())
        assert places.original(at, at + size) == normal.original(index, index + 1)
        at += size


def test_a_text_as_it_came_has_its_own_characters() -> None:
    text = "é漢x"
    assert Places(Normal(text, text), text.encode()).original(2, 6) == (1, 3)
