"""Folders in which sockets can be."""

import tempfile
from pathlib import Path

import pytest

from gateway.config.schema import Gateway, Service
from gateway.supervisor.folders import private_folder, run_folder
from gateway.supervisor.options import Options
from gateway.supervisor.start_error import StartError

LONG = "long" * 25


def folder_for(path: Path, *, envoy: bool, listen: str = "unix") -> Path:
    service = Service.model_validate({"run": str(path), "listen": listen})
    gateway = Gateway.model_construct(service=service)
    return run_folder(gateway, Options(Path("gateway.yaml"), envoy=envoy))


def test_a_run_folder_too_long_for_sockets_is_told_where_they_lie_in_it(tmp_path: Path) -> None:
    long = tmp_path / LONG
    with pytest.raises(StartError) as raised:
        folder_for(long, envoy=False)
    wanted = "is too long for a socket; set service.run to a shorter path"
    assert str(raised.value) == f"{long} {wanted}"
    assert folder_for(long, envoy=True) == long
    assert folder_for(Path("/run/g"), envoy=False) == Path("/run/g")


def test_a_private_folder_is_made_for_its_owner_alone() -> None:
    folder = private_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()


def test_a_temporary_folder_too_long_for_sockets_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / LONG
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with pytest.raises(StartError) as raised:
        private_folder()
    assert str(raised.value) == f"{long} is too long for a socket; set TMPDIR to a shorter path"
    assert list(long.iterdir()) == []
