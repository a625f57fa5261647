from pathlib import Path

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


def test_the_whole_bootstrap_needs_no_other_file() -> None:
    auth = {"value": "Bearer secret"}
    backend = {"name": "tracker", "endpoints": ["127.0.0.1:1"], "auth": auth}
    text = to_json(whole_bootstrap(gateway_of(backends=[backend]), WORKERS))
    assert "pathConfigSource" not in text
    assert '"/mcp"' in text
