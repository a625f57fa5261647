"""Keys with a form of their own, and keys after a name."""

from gateway.guardrails.secrets.token import keyed, token
from tests.guardrails.finding import finder, of_patterns

KEY = "zz_" + "q9Xk3LmP7wRz2VtB"
find = finder([token("zz_key", "a key", r"zz_[A-Za-z0-9]{16}")])
assigned = of_patterns([keyed("k", "key", "alpha|beta", r"[A-Za-z0-9]{16,40}")])


def test_a_key_of_the_form_is_found_wherever_it_stands() -> None:
    for text in (KEY, f'"{KEY}"', f"key={KEY};", f"line\\n{KEY}\\n", f"({KEY})."):
        assert find(text) == [("zz_key", KEY)], text


def test_a_longer_word_is_no_key() -> None:
    assert find(KEY + "a") == []
    assert find("a" + KEY) == []


def test_a_key_of_little_entropy_is_no_finding() -> None:
    assert find("zz_" + "ab" * 8) == []
    assert find("zz_" + "x" * 16) == []


def test_a_value_after_its_name_is_found_in_every_notation() -> None:
    value = "q9Xk3LmP7wRz2VtB8nYc"
    for text in (
        f"ALPHA_ID={value}",
        f'"beta-key": "{value}"',
        f"alpha := '{value}'",
        f"config['beta'] = '{value}'",
        f"alpha_key => {value}",
    ):
        assert assigned(text) == [("key", value)], text


def test_a_value_without_the_name_is_no_finding() -> None:
    assert assigned("gamma=q9Xk3LmP7wRz2VtB8nYc") == []


def test_a_call_is_no_value() -> None:
    assert assigned("alpha = q9Xk3LmP7wRz2VtB8nYc(x)") == []
