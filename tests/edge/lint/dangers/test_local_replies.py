from tests.edge.lint.case import bootstrap, check

DANGER = "local-replies"


def test_errors_in_plain_text_are_named() -> None:
    mapper = "local_reply_config: {mappers: [{status_code: 503}]}"
    fixed = bootstrap(fields=mapper)
    check(DANGER, bootstrap(fields="local_reply_config: {}  # !"), fixed)
    check(DANGER, bootstrap().replace("typed_config:\n", "typed_config:  # !\n", 1), fixed)
