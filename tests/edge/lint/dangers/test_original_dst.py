import pytest

from tests.edge.lint.case import bootstrap, check, route

DANGER = "original-dst"


@pytest.mark.parametrize(
    "steering", ["use_http_header: true", "http_header_name: x-to", "metadata_key: {key: a}"]
)
def test_a_cluster_that_goes_where_a_header_says_is_named(steering: str) -> None:
    def with_cluster(kind: str) -> str:
        return bootstrap(
            clusters=f"""
            - name: anywhere
              type: {kind}
              original_dst_lb_config:
                {steering}  # !
            """
        )

    check(DANGER, with_cluster("ORIGINAL_DST"), with_cluster("STRICT_DNS"))


def test_a_judged_route_may_not_lead_to_the_clients_choice() -> None:
    def leads(name: str) -> str:
        cluster = f"- name: {name}\n  type: ORIGINAL_DST  # !"
        return bootstrap(routes=route(), clusters=cluster)

    check(DANGER, leads("tracker"), leads("passthrough"))
