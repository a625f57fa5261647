from pathlib import Path

import pytest

from gateway.config.pool import Member, Pool
from gateway.config.schema import Gateway
from gateway.supervisor.member_files import MemberFiles
from tests.edge.stage import gateway_of


def write(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    """One pool with a file, which is there."""
    write(tmp_path / "members.yaml", "- address: 10.0.0.1:80\n")
    pool = {"name": "gpu", "endpoints": ["10.0.0.9:80"], "file": str(tmp_path / "members.yaml")}
    return gateway_of(pools=[pool])


def addresses(files: MemberFiles, pool: Pool) -> list[str]:
    return sorted(member.address for member in files.members(pool))


def test_a_line_more_or_less_changes_the_members(gateway: Gateway, tmp_path: Path) -> None:
    files, (pool,) = MemberFiles(), gateway.pools
    files.follow(gateway)
    assert addresses(files, pool) == ["10.0.0.1:80", "10.0.0.9:80"]
    assert not files.changed()
    write(tmp_path / "members.yaml", "- address: 10.0.0.2:80\n- address: 10.0.0.3:80\n")
    assert files.changed()
    assert addresses(files, pool) == ["10.0.0.2:80", "10.0.0.3:80", "10.0.0.9:80"]
    write(tmp_path / "members.yaml", "[]\n")
    assert files.changed()
    assert addresses(files, pool) == ["10.0.0.9:80"]


def test_a_broken_file_keeps_the_last_good_one_and_says_where(
    gateway: Gateway, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files, (pool,) = MemberFiles(), gateway.pools
    files.follow(gateway)
    write(tmp_path / "members.yaml", "- address: 10.0.0.2:80\n- address: h\n")
    assert not files.changed()
    assert addresses(files, pool) == ["10.0.0.1:80", "10.0.0.9:80"]
    assert f"{tmp_path}/members.yaml:2:12" in files.faults[0]
    assert files.faults[0] in caplog.text
    (tmp_path / "members.yaml").unlink()
    assert not files.changed()
    assert addresses(files, pool) == ["10.0.0.1:80", "10.0.0.9:80"]
    write(tmp_path / "members.yaml", "- address: 10.0.0.2:80\n")
    assert files.changed()
    assert files.faults == ()


def test_gateway_yaml_knows_better_than_the_file(gateway: Gateway, tmp_path: Path) -> None:
    text = "- {address: '10.0.0.9:80', zone: a}\n- {address: '10.0.0.8:80', zone: a}\n"
    write(tmp_path / "members.yaml", text)
    (pool,) = gateway.pools
    better = Member(address="10.0.0.8:80", zone="b")
    pool = pool.model_copy(update={"members": (better,)})
    files = MemberFiles()
    files.follow(gateway)
    assert files.members(pool) == (Member(address="10.0.0.9:80"), better)


def test_gateway_yaml_and_the_file_know_better_than_what_was_found(
    gateway: Gateway, tmp_path: Path
) -> None:
    write(tmp_path / "members.yaml", "- {address: '10.0.0.1:80', zone: a}\n")
    files, (pool,) = MemberFiles(), gateway.pools
    files.follow(gateway)
    found = tuple(Member(address=f"10.0.0.{n}:80", zone="b") for n in (1, 5, 9))
    assert {one.address: one.zone for one in files.members(pool, found)} == {
        "10.0.0.1:80": "a",
        "10.0.0.5:80": "b",
        "10.0.0.9:80": "",
    }


def test_a_file_that_no_pool_names_is_forgotten(gateway: Gateway, tmp_path: Path) -> None:
    files = MemberFiles()
    files.follow(gateway)
    files.follow(gateway_of())
    write(tmp_path / "members.yaml", "- address: 10.0.0.2:80\n")
    assert not files.changed()
    files.follow(gateway)
    (pool,) = gateway.pools
    assert addresses(files, pool) == ["10.0.0.2:80", "10.0.0.9:80"]
