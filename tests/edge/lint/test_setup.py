from gateway.edge.lint.expected import Expected
from gateway.edge.lint.setup import Setup, setup_of
from tests.edge.lint.case import asks, bootstrap, filter_of, route
from tests.edge.lint.test_node import node


def setup(text: str) -> Setup:
    return setup_of([node(text)], Expected())


def test_the_listener_around_a_manager_is_known() -> None:
    (manager,) = setup(bootstrap(listener="per_connection_buffer_limit_bytes: 7")).managers
    assert manager.listener["per_connection_buffer_limit_bytes"].number == 7


def test_a_filter_asks_the_gateway_if_it_says_so() -> None:
    foreign = filter_of("ext_proc.v3.ExternalProcessor", "failure_mode_allow: true")
    (manager,) = setup(bootstrap(foreign + asks())).managers
    assert [one.name for one in manager.ours] == ["gatehouse.ext_proc"]
    assert [one.name for one in manager.before] == ["own"]


def test_if_none_says_so_each_processor_is_taken_for_it() -> None:
    foreign = filter_of("ext_proc.v3.ExternalProcessor")
    checker = filter_of("ext_authz.v3.ExtAuthz", name="checker")
    (manager,) = setup(bootstrap(foreign + checker)).managers
    assert [one.name for one in manager.ours] == ["own"]
    assert [one.name for one in manager.after] == ["checker"]


def test_the_nearest_configuration_of_a_filter_decides_for_a_route() -> None:
    off = "typed_per_filter_config: {gatehouse.ext_proc: {disabled: true}}"
    on = "typed_per_filter_config: {gatehouse.ext_proc: {overrides: {}}}"
    routes = route(name="mcp:a@tracker") + route(name="mcp:b@tracker", more=on)
    (manager,) = setup(bootstrap(routes=routes, host=off)).managers
    assert [one.name for one in manager.judged] == ["mcp:b@tracker"]


def test_backends_are_the_clusters_behind_judged_routes() -> None:
    off = "typed_per_filter_config: {gatehouse.ext_proc: {disabled: true}}"
    routes = route() + route("cluster: own", name="own", more=off)
    clusters = "- name: tracker\n- name: own\n- name: gatehouse_workers"
    found = setup(bootstrap(routes=routes, clusters=clusters))
    assert [one["name"].text for one in found.backends] == ["tracker"]
    assert [one["name"].text for one in found.workers] == ["gatehouse_workers"]


def test_a_list_of_resources_is_read_too() -> None:
    found = setup(
        """
        resources:
        - "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
          name: tracker
        - "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
          virtual_hosts:
          - routes:
            - {name: "mcp:a@tracker", route: {cluster: tracker}}
            - {name: own, route: {cluster: own}}
        """
    )
    assert [one["name"].text for one in found.backends] == ["tracker"]
    (manager,) = found.managers
    assert [one.name for one in manager.judged] == ["mcp:a@tracker"]


def test_the_name_of_a_route_tells_protocol_and_backend() -> None:
    names = ["mcp:a@b", "_metadata:mcp:a@b", "_unknown", "own", "mcp:a"]
    (manager,) = setup(bootstrap(routes="".join(route(name=name) for name in names))).managers
    told = [(one.named, one.protocol, one.backend) for one in manager.routes]
    assert told == [
        (True, "mcp", "b"),
        (True, "", ""),
        (True, "", ""),
        (False, "", ""),
        (False, "", ""),
    ]


def test_a_wrapped_configuration_is_unwrapped() -> None:
    wrapped = """
        typed_per_filter_config:
          gatehouse.ext_proc:
            "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig
            config: {overrides: {}}
        """
    (manager,) = setup(bootstrap(routes=route(more=wrapped))).managers
    (processor,) = manager.ours
    assert manager.routes[0].of_filter(processor)["overrides"].given
    assert manager.judged == list(manager.routes)
