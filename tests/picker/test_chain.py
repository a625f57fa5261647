from hypothesis import given
from hypothesis import strategies as st

from gateway.model.prompt import Prompt
from gateway.picker.chain import chain

texts = st.lists(st.text(max_size=40).map(str.encode), max_size=5).map(tuple)


def test_only_whole_blocks_have_a_hash() -> None:
    assert chain(Prompt("m", (b"a" * 62,)), 64) == ()
    assert len(chain(Prompt("m", (b"a" * 63,)), 64)) == 1
    assert len(chain(Prompt("m", (b"a" * 200,)), 64)) == 3


@given(texts, texts)
def test_a_prompt_that_goes_on_keeps_its_hashes(
    before: tuple[bytes, ...], after: tuple[bytes, ...]
) -> None:
    short, long = (chain(Prompt("m", parts), 16) for parts in (before, (*before, *after)))

    assert long[: len(short)] == short


def test_a_last_message_that_grows_keeps_its_hashes() -> None:
    short = chain(Prompt("m", (b"system", b"a" * 100)), 16)
    long = chain(Prompt("m", (b"system", b"a" * 200)), 16)

    assert long[: len(short) - 1] == short[:-1]


@given(texts, texts)
def test_other_parts_have_another_last_hash(
    one: tuple[bytes, ...], other: tuple[bytes, ...]
) -> None:
    ends = [chain(Prompt("m", (*parts, b"z" * 64)), 1)[-1] for parts in (one, other)]

    assert (ends[0] == ends[1]) is (one == other)


def test_bytes_that_are_no_text_cannot_forge_the_end_of_a_part() -> None:
    assert chain(Prompt("m", (b"ab\xffcd",)), 2) != chain(Prompt("m", (b"ab", b"cd")), 2)
    assert chain(Prompt("m", (b"ab\xfe\x01cd",)), 2) != chain(Prompt("m", (b"ab\xffcd",)), 2)


def test_model_and_salt_make_other_hashes_and_cannot_be_taken_for_each_other() -> None:
    text = (b"a" * 64,)
    chains = {
        chain(Prompt("m", text), 64),
        chain(Prompt("n", text), 64),
        chain(Prompt("m", text, salt="s"), 64),
        chain(Prompt("ms", text), 64),
    }

    assert len(chains) == 4
