from pathlib import Path

from gateway.edge.layout import Layout


def test_no_two_resources_share_a_file() -> None:
    layout = Layout(Path("/run"))
    files = [
        layout.lock,
        layout.bootstrap,
        layout.clusters,
        layout.envoy_admin,
        layout.worker(0),
        layout.worker(1),
        layout.endpoints("a"),
        layout.credential("a"),
        layout.routes("a"),
        layout.routes("b"),
    ]
    assert len(set(files)) == len(files)
    assert all(file.is_relative_to("/run") for file in files)
