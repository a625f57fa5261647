from dataclasses import replace
from pathlib import Path

from envoy_data_plane.envoy.config.bootstrap.v3 import Admin
from envoy_data_plane.envoy.config.core.v3 import Address, Pipe

from gateway.edge.bootstrap import bootstrap, whole_bootstrap
from gateway.edge.layout import Layout
from gateway.edge.packing import to_json
from tests.edge.stage import gateway_of

WORKERS = ["unix:/run/worker-1.sock", "127.0.0.1:2"]


def test_what_may_change_is_in_files_and_the_rest_is_static() -> None:
    text = to_json(bootstrap(gateway_of(), Layout(Path("/run/gatehouse")), WORKERS))
    assert '"path":"/run/gatehouse/clusters.json"' in text
    assert '"path":"/run/gatehouse/routes/main.json"' in text
    assert '"path":"/run/worker-1.sock"' in text
    assert '"tracker"' not in text


def test_the_admin_address_answers_nothing_that_changes_envoy_but_its_drain() -> None:
    admin = bootstrap(gateway_of(), Layout(Path("/run/gatehouse")), WORKERS).admin
    assert admin is not None
    allowed = {matcher.prefix for matcher in admin.allow_paths}
    reads = {"/ready", "/server_info", "/stats", "/config_dump", "/clusters", "/memory"}
    assert allowed == {*reads, "/drain_listeners"}


def test_the_admin_address_may_be_a_socket_in_the_run_folder_for_its_owner_alone() -> None:
    gateway = gateway_of(service={"envoy_admin": "unix", "run": "/run/gatehouse"})
    wanted = Pipe(path="/run/gatehouse/envoy-admin.sock", mode=0o600)
    for made in (
        bootstrap(gateway, Layout(Path("/run/gatehouse")), WORKERS),
        whole_bootstrap(gateway, WORKERS),
    ):
        assert made.admin == replace(made.admin or Admin(), address=Address(pipe=wanted))


def test_the_whole_bootstrap_needs_no_other_file() -> None:
    auth = {"value": "Bearer secret"}
    backend = {"name": "tracker", "endpoints": ["127.0.0.1:1"], "auth": auth}
    text = to_json(whole_bootstrap(gateway_of(backends=[backend]), WORKERS))
    assert "pathConfigSource" not in text
    assert '"/mcp"' in text


def test_the_whole_bootstrap_has_endpoints_that_are_known_by_name_only() -> None:
    gateway = gateway_of(backends=[{"name": "tracker", "endpoints": ["tracker.example:80"]}])
    text = to_json(whole_bootstrap(gateway, ["gateway.example:9500"]))
    for name in ("tracker.example", "gateway.example"):
        assert f'"address":"{name}"' in text
    assert text.count('"STRICT_DNS"') == 2
