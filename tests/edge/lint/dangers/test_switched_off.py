import pytest

from tests.edge.lint.case import asks, bootstrap, check, filter_of, route

DANGER = "switched-off"
FILTERS = asks() + filter_of("header_mutation.v3.HeaderMutation", name="gatehouse.upstream_edge")
HERE = route().replace('@tracker"', '@tracker"  # !')


@pytest.mark.parametrize("name", ["gatehouse.ext_proc", "gatehouse.upstream_edge"])
def test_a_virtual_host_that_switches_a_filter_off_for_our_routes_too_is_named(name: str) -> None:
    off = f"typed_per_filter_config: {{{name}: {{disabled: true}}}}"
    own = route(name="own", more=off)
    check(DANGER, bootstrap(FILTERS, HERE, host=off), bootstrap(FILTERS, own + route()))


def test_a_route_may_switch_it_on_again() -> None:
    off = "typed_per_filter_config: {gatehouse.ext_proc: {disabled: true}}"
    on = "typed_per_filter_config: {gatehouse.ext_proc: {overrides: {}}}"
    check(
        DANGER,
        bootstrap(FILTERS, HERE, host=off),
        bootstrap(FILTERS, route(more=on), host=off),
    )


def test_a_filter_that_is_off_by_default_judges_nothing() -> None:
    off = asks() + "  disabled: true\n"
    check(DANGER, bootstrap(off, HERE), bootstrap(asks(), route()))


def test_a_part_of_the_traffic_is_enough() -> None:
    def split(off: str) -> str:
        return bootstrap(
            FILTERS,
            route(
                f"""
                weighted_clusters:
                  clusters:
                  - name: tracker
                    typed_per_filter_config: {{gatehouse.upstream_edge: {{disabled: {off}}}}}
                """
            ).replace('@tracker"', '@tracker"  # !'),
        )

    check(DANGER, split("true"), split("false"))
