import pytest

from gateway.edge.ext_proc import PEER_ATTRIBUTE, REQUEST_ATTRIBUTES, RESPONSE_ATTRIBUTES
from tests.edge.lint.case import asks, bootstrap, check

DANGER = "request-attributes"


def sends(request: tuple[str, ...], response: tuple[str, ...]) -> tuple[str, str]:
    return (
        f"request_attributes: [{', '.join(request)}]",
        f"response_attributes: [{', '.join(response)}]",
    )


FIXED = bootstrap(asks("\n".join(sends(REQUEST_ATTRIBUTES, RESPONSE_ATTRIBUTES))))


@pytest.mark.parametrize("left", REQUEST_ATTRIBUTES)
def test_each_attribute_of_requests_that_is_not_sent_is_named(left: str) -> None:
    names = tuple(name for name in REQUEST_ATTRIBUTES if name != left)
    request, response = sends(names, RESPONSE_ATTRIBUTES)
    check(DANGER, bootstrap(asks(f"{request}  # !\n{response}")), FIXED)


@pytest.mark.parametrize("left", RESPONSE_ATTRIBUTES)
def test_each_attribute_of_responses_that_is_not_sent_is_named(left: str) -> None:
    names = tuple(name for name in RESPONSE_ATTRIBUTES if name != left)
    request, response = sends(REQUEST_ATTRIBUTES, names)
    check(DANGER, bootstrap(asks(f"{request}\n{response}  # !")), FIXED)


def test_where_clients_show_certificates_every_name_in_them_is_sent() -> None:
    def mutual(*more: str) -> str:
        request, response = sends((*REQUEST_ATTRIBUTES, *more), RESPONSE_ATTRIBUTES)
        text = bootstrap(asks(f"{request}  # !\n{response}"))
        tls = "transport_socket: {typed_config: {common_tls_context: {validation_context: {}}}}"
        return text.replace("    - filters:", f"    - {tls}\n      filters:")

    check(DANGER, mutual(), mutual(f'"{PEER_ATTRIBUTE}"'))
