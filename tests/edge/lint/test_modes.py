from gateway.edge.lint.expected import Expected
from gateway.edge.lint.modes import body_mode
from gateway.edge.lint.setup import setup_of
from tests.edge.lint.case import asks, bootstrap, route
from tests.edge.lint.test_node import node

OVER = """
typed_per_filter_config:
  gatehouse.ext_proc:
    overrides: {processing_mode: {request_body_mode: FULL_DUPLEX_STREAMED}}
"""


def modes(filters: str, more: str = "") -> tuple[str, str]:
    text = bootstrap(filters, route(more=more))
    (manager,) = setup_of([node(text)], Expected()).managers
    (processor,) = manager.ours
    return body_mode(processor, None), body_mode(processor, manager.routes[0])


def test_a_route_has_the_mode_of_the_filter_unless_it_has_its_own() -> None:
    buffered = asks("processing_mode: {request_body_mode: BUFFERED}")
    assert modes(buffered) == ("BUFFERED", "BUFFERED")
    assert modes(buffered, OVER) == ("BUFFERED", "FULL_DUPLEX_STREAMED")


def test_without_a_word_on_it_bodies_are_not_sent() -> None:
    assert modes(asks()) == ("NONE", "NONE")
