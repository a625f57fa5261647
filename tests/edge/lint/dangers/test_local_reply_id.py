import pytest

from tests.edge.lint.case import bootstrap, check

DANGER = "local-reply-id"


def replies(body: str, status: int) -> str:
    return bootstrap(
        fields=f"""
        local_reply_config:
          mappers:
          - status_code: {status}  # !
            body_format_override:
              {body}
        """
    )


@pytest.mark.parametrize(
    "body",
    [
        """text_format_source: {inline_string: '{"jsonrpc":"2.0","id": null,"error":{}}'}""",
        "json_format: {jsonrpc: '2.0', id: null, error: {code: -32000}}",
    ],
)
def test_an_error_with_status_200_and_id_null_is_named(body: str) -> None:
    check(DANGER, replies(body, 200), replies(body, 503))
    check(DANGER, replies(body, 200), replies(body.replace("id", "data"), 200))
