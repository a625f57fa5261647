from hypothesis import given
from hypothesis import strategies as st

from tests.engine.tokens import Text, seed_of

BLOCK = 16


@given(st.binary(min_size=1, max_size=600), st.sampled_from([1.0, 3.7, 4.0]), st.integers(0, 80))
def test_an_answer_sent_back_in_the_next_prompt_has_the_blocks_that_it_had(
    prompt: bytes, width: float, generated: int
) -> None:
    first = Text(prompt, width, 1)
    chain = first.hashes([], first.prompt_tokens + generated, BLOCK)
    said = first.answer(0, generated).encode()
    second = Text(prompt + said + b" and what else?", width, 1)
    assert second.hashes([], second.prompt_tokens, BLOCK)[: len(chain)] == chain


@given(st.integers(1, 60), st.integers(0, 30))
def test_an_answer_is_the_same_in_one_piece_and_token_by_token(size: int, generated: int) -> None:
    text = Text(b"x" * size, 4.0, 1)
    pieces = [text.answer(index, index + 1) for index in range(generated)]
    assert "".join(pieces) == text.answer(0, generated)
    assert all(pieces)


def test_the_same_prompt_has_the_same_answer_and_another_prompt_another() -> None:
    answers = {Text(prompt, 4.0, 1).answer(0, 9) for prompt in (b"one", b"one", b"two")}
    assert len(answers) == 2


def test_prompts_that_differ_share_the_blocks_before_the_difference_alone() -> None:
    one, other = (Text(b"a" * 128 + end + b"b" * 63, 4.0, 1) for end in (b"1", b"2"))
    chains = [text.hashes([], text.prompt_tokens, BLOCK) for text in (one, other)]
    assert len(chains[0]) == 3
    assert [left == right for left, right in zip(*chains, strict=True)] == [True, True, False]


def test_adapters_and_salts_have_blocks_of_their_own() -> None:
    seeds = [seed_of("", ""), seed_of("lora", ""), seed_of("", "salt"), seed_of("lora", "salt")]
    chains = [Text(b"a" * 64, 4.0, seed).hashes([], 16, BLOCK)[0] for seed in seeds]
    assert len(set(chains)) == 4


def test_a_token_that_lacks_bytes_counts_but_its_block_is_not_full() -> None:
    text = Text(b"a" * 63, 4.0, 1)
    assert text.prompt_tokens == 16
    assert text.hashes([], 16, BLOCK) == []
    assert len(text.hashes([], 17, BLOCK)) == 1
