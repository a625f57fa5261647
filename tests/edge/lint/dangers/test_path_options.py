import pytest

from tests.edge.lint.case import bootstrap, check

OPTIONS = {
    "normalize_path": ("false", "true"),
    "merge_slashes": ("false", "true"),
    "path_with_escaped_slashes_action": ("KEEP_UNCHANGED", "REJECT_REQUEST"),
    "common_http_protocol_options": (
        "{headers_with_underscores_action: ALLOW}",
        "{headers_with_underscores_action: REJECT_REQUEST}",
    ),
}


def options(**changed: str) -> str:
    right = {key: values[1] for key, values in OPTIONS.items()} | changed
    return bootstrap(fields="\n".join(f"{key}: {value}" for key, value in right.items()))


@pytest.mark.parametrize("key", OPTIONS)
def test_each_option_that_lets_second_spellings_pass_is_named(key: str) -> None:
    check("path-options", options(**{key: f"{OPTIONS[key][0]}  # !"}), options())
