"""Why a gateway does not start: one sentence each, and nothing is left running."""

import json
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gateway.supervisor.options import Child, Options
from gateway.supervisor.start_error import StartError
from gateway.supervisor.supervisor import Supervisor
from tests.support.gatehouse import allow, gateway_config

NOBODY = {"tracker": ["http://127.0.0.1:1/mcp"]}


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One whose name is short, and in which nothing may be left (that of tests is made before)."""
    del tmp_path
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield
        assert list(Path(folder).iterdir()) == []


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "all.yaml").write_text(json.dumps(allow()))
    return gateway_config(NOBODY, tmp_path)


async def refused(folder: Path, config: dict[str, Any], *children: str, envoy: bool = True) -> str:
    """What the person is told who started it."""
    file, ready = folder / "gateway.yaml", folder / "ready.json"
    file.write_text(json.dumps(config, indent=1))
    ready.write_text("of a run that was killed")
    options = Options(
        file,
        ready_file=ready,
        children=tuple(map(Child.parse, children)),
        envoy=envoy,
        quiet=True,
    )
    with pytest.raises(StartError) as told:
        await Supervisor(options).run()
    return str(told.value)


async def test_ports_in_use_are_told_by_what_they_are_for(
    tmp_path: Path, config: dict[str, Any]
) -> None:
    taken = {
        "listener agents": f"127.0.0.1:{config['listeners'][0]['port']}",
        "Envoy's admin address (service.envoy_admin)": config["service"]["envoy_admin"],
        "the admin address (service.admin)": config["service"]["admin"],
    }
    with ExitStack() as stack:
        for address in taken.values():
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", int(address.rpartition(":")[2])))
            listener.listen()
        told = await refused(tmp_path, config)
    assert told.splitlines() == [
        f"{what}: {address} is in use; stop the other program or choose another port"
        for what, address in taken.items()
    ]
    assert not (tmp_path / "ready.json").exists()


@pytest.mark.parametrize(
    ("envoy", "said"),
    [
        ("/nonexistent", "ENVOY=/nonexistent is not a program"),
        (sys.executable, f"{Path(sys.executable).resolve()} is not Envoy"),
    ],
)
async def test_a_missing_envoy_is_told_before_anything_runs(
    envoy: str,
    said: str,
    tmp_path: Path,
    config: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENVOY", envoy)
    assert await refused(tmp_path, config) == said


async def test_a_policy_folder_that_is_none_is_told(tmp_path: Path, config: dict[str, Any]) -> None:
    told = await refused(tmp_path, config | {"policies": "gateway.yaml"})
    assert told == f"{tmp_path}/gateway.yaml:1:1: error: (root): not a folder (create it)"


@pytest.mark.parametrize(
    ("run", "said"), [("x" * 300, "File name too long"), ("gateway.yaml/run", "Not a directory")]
)
async def test_a_run_folder_that_cannot_be_made_is_told(
    run: str, said: str, tmp_path: Path, config: dict[str, Any]
) -> None:
    config["service"]["run"] = str(tmp_path / run)
    assert await refused(tmp_path, config) == (
        f"the run folder (service.run) {tmp_path / run}: {said}"
    )


@pytest.mark.parametrize(
    ("child", "said"),
    [
        ("gone=/nonexistent/program", "gone ended with status 1"),
        ("short=true", "short ended with status 0"),
    ],
)
async def test_an_upstream_that_does_not_stay_is_told(
    child: str, said: str, tmp_path: Path, config: dict[str, Any]
) -> None:
    assert await refused(tmp_path, config, child) == said


async def test_a_worker_that_cannot_listen_is_told(tmp_path: Path, config: dict[str, Any]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        config["service"]["listen"] = address
        told = await refused(tmp_path, config)
    wanted = "stop the other program or choose another port"
    assert told == f"worker 0 (service.listen): {address} is in use; {wanted}"
