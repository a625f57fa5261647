import os
import stat
from pathlib import Path

import pytest

from gateway.adapters.pattern_cache import KEPT, PatternCache, PatternCaches
from gateway.guardrails.budget import Budget
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.patterns import PatternSet
from gateway.model.passage import Part

KEY = "0123456789abcdef" * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "patterns"


def kept(folder: Path) -> Path:
    PatternCache(folder).store(KEY, b"compiled")
    return folder / f"{KEY}.patterns"


def test_what_was_stored_is_loaded(folder: Path) -> None:
    kept(folder)
    assert PatternCache(folder).load(KEY) == b"compiled"


def test_what_was_not_stored_is_not_there(folder: Path) -> None:
    assert PatternCache(folder).load(KEY) is None
    kept(folder)
    assert PatternCache(folder).load("f" * 64) is None


def test_the_folder_and_its_files_are_for_their_owner_alone(folder: Path) -> None:
    file = kept(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_newer_file_takes_the_place_of_the_older_and_no_draft_is_left(folder: Path) -> None:
    file = kept(folder)
    PatternCache(folder).store(KEY, b"newer")
    assert PatternCache(folder).load(KEY) == b"newer"
    assert list(folder.iterdir()) == [file]


def test_the_oldest_are_removed(folder: Path) -> None:
    cache = PatternCache(folder)
    keys = [f"{n:064x}" for n in range(KEPT + 2)]
    for n, key in enumerate(keys):
        cache.store(key, b"compiled")
        if n < KEPT + 1:
            os.utime(folder / f"{key}.patterns", ns=(n, n))
    assert [key for key in keys if cache.load(key) is None] == keys[:2]
    assert len(list(folder.iterdir())) == KEPT


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    file = kept(folder)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert PatternCache(folder).load(KEY) is None


def test_a_folder_that_is_a_link_is_not_used(folder: Path, tmp_path: Path) -> None:
    kept(folder)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert PatternCache(link).load(KEY) is None
    PatternCache(link).store("f" * 64, b"x")
    assert not (folder / ("f" * 64 + ".patterns")).exists()


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_is_not_loaded(folder: Path, mode: int) -> None:
    kept(folder).chmod(mode)
    assert PatternCache(folder).load(KEY) is None


@pytest.mark.parametrize("mode", [0o770, 0o703])
def test_a_folder_that_others_may_write_to_is_not_used(folder: Path, mode: int) -> None:
    file = kept(folder)
    folder.chmod(mode)
    assert PatternCache(folder).load(KEY) is None
    PatternCache(folder).store(KEY, b"newer")
    assert file.read_bytes() == b"compiled"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_owner_is_not_loaded(folder: Path) -> None:
    os.chown(kept(folder), 12345, -1)
    assert PatternCache(folder).load(KEY) is None


def test_a_pipe_is_neither_loaded_nor_waited_for(folder: Path) -> None:
    file = kept(folder)
    file.unlink()
    os.mkfifo(file, 0o600)
    assert PatternCache(folder).load(KEY) is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    PatternCache(tmp_path / "file" / "patterns").store(KEY, b"compiled")
    assert PatternCache(tmp_path / "file" / "patterns").load(KEY) is None


@pytest.mark.parametrize("key", ["../" + KEY[3:], KEY[:-1], KEY.upper(), ""])
def test_a_key_that_could_lead_elsewhere_is_refused(folder: Path, key: str) -> None:
    kept(folder)
    with pytest.raises(ValueError, match="hexadecimal"):
        PatternCache(folder).load(key)
    with pytest.raises(ValueError, match="hexadecimal"):
        PatternCache(folder).store(key, b"x")


def test_patterns_that_were_compiled_are_found_from_the_folder(folder: Path) -> None:
    patterns = {"it": [Pattern("ab", "ab{2,3}", "x")]}
    PatternSet(patterns, PatternCache(folder))
    (file,) = folder.iterdir()
    before = file.stat().st_mtime_ns, file.read_bytes()
    again = PatternSet(patterns, PatternCache(folder))
    assert (file.stat().st_mtime_ns, file.read_bytes()) == before
    stream = again.stream(Part.USER, None, Budget())
    stream.feed("xab")
    stream.feed("b")
    stream.finish()
    assert [(one.start, one.end) for one in stream.settled] == [(1, 4)]


def test_what_a_farther_cache_has_is_copied_to_the_nearer_ones(tmp_path: Path) -> None:
    near, far = PatternCache(tmp_path / "near"), PatternCache(tmp_path / "far")
    caches = PatternCaches([near, far])
    assert caches.load(KEY) is None
    far.store(KEY, b"compiled")
    assert caches.load(KEY) == b"compiled"
    assert near.load(KEY) == b"compiled"
    other = "e" * 64
    caches.store(other, b"both")
    assert (near.load(other), far.load(other)) == (b"both", b"both")
