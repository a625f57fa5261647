"""What is locked can be installed with every Python that the project accepts."""

from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "runtime.lock", "demo/requirements.lock")
OLDEST = {"extra": "", "python_version": "3.11", "python_full_version": "3.11.0"}


def _environment(**changed: str) -> dict[str, str]:
    """This Python and machine, but for what is changed."""
    return {**{key: str(value) for key, value in default_environment().items()}, **changed}


def _locked(lock: str) -> dict[str, Requirement]:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    found = [Requirement(one.rstrip("\\ ")) for one in lines if one[:1].isalpha()]
    return {canonicalize_name(one.name): one for one in found}


def _needs(name: str, environment: dict[str, str]) -> set[str]:
    """What a package wants of others where its extras are not asked for."""
    try:
        wanted = [Requirement(one) for one in requires(name) or ()]
    except PackageNotFoundError:  # of another system or another Python
        return set()
    return {
        canonicalize_name(one.name)
        for one in wanted
        if one.marker is None or one.marker.evaluate(environment)
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_what_its_packages_need_under_the_oldest_python(lock: str) -> None:
    environment = _environment(**OLDEST)
    locked = _locked(lock)
    there = {
        name
        for name, one in locked.items()
        if one.marker is None or one.marker.evaluate(environment)
    }
    missing = {
        f"{name} needs {need}" for name in there for need in _needs(name, environment) - there
    }
    assert missing == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_wants_the_engine_of_one_processor_only_there(lock: str) -> None:
    engine = _locked(lock).get("hyperscan")
    if engine is None:
        assert lock.startswith("demo/")
        return
    assert engine.marker is not None
    assert not engine.marker.evaluate(_environment(platform_machine="aarch64"))
