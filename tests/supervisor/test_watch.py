import os
from pathlib import Path

import pytest

from gateway.supervisor.watch import Watch, fingerprint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "a.yaml").write_text("a")
    return folder


def test_what_stays_the_same_did_not_change(folder: Path) -> None:
    watch = Watch([folder, folder / "a.yaml", folder / "absent.yaml"])
    assert not watch.changed()


def test_a_rewritten_file_changed_once(folder: Path) -> None:
    watch = Watch([folder / "a.yaml"])
    (folder / "a.yaml").write_text("longer")
    assert watch.changed()
    assert not watch.changed()


def test_an_atomic_rename_changes_even_if_size_and_time_stay(folder: Path) -> None:
    file, new = folder / "a.yaml", folder.parent / "new"
    watch = Watch([file])
    new.write_text("b")
    stat = file.stat()
    os.utime(new, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    new.rename(file)
    assert watch.changed()


def test_a_deleted_file_changed_and_so_does_its_return(folder: Path) -> None:
    watch = Watch([folder / "a.yaml"])
    (folder / "a.yaml").unlink()
    assert watch.changed()
    assert not watch.changed()
    (folder / "a.yaml").write_text("a")
    assert watch.changed()


def test_a_new_file_in_a_folder_changes_it(folder: Path) -> None:
    watch = Watch([folder])
    below = folder / "team" / "b.yaml"
    below.parent.mkdir()
    below.write_text("b")
    assert watch.changed()


def test_a_swapped_link_as_mounted_secrets_have_changes_the_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "key.pem").write_text(name)
    (tmp_path / "..data").symlink_to("one")
    mounted = tmp_path / "key.pem"
    mounted.symlink_to("..data/key.pem")
    watch = Watch([mounted])
    (tmp_path / "..data2").symlink_to("two")
    (tmp_path / "..data2").rename(tmp_path / "..data")
    assert watch.changed()


def test_a_folder_that_vanishes_changed(folder: Path) -> None:
    watch = Watch([folder])
    (folder / "a.yaml").unlink()
    folder.rmdir()
    assert watch.changed()


def test_other_paths_count_from_when_they_are_given(folder: Path) -> None:
    watch = Watch([folder / "a.yaml"])
    other = folder.parent / "gateway.yaml"
    other.write_text("x")
    watch.replace([other])
    assert not watch.changed()
    (folder / "a.yaml").write_text("no longer watched")
    assert not watch.changed()
    other.write_text("xy")
    assert watch.changed()


def test_a_folder_that_cannot_be_listed_has_no_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanishes(path: Path, pattern: str) -> list[Path]:
        raise FileNotFoundError(path, pattern)

    monkeypatch.setattr(Path, "rglob", vanishes)
    assert fingerprint([folder]) == {}


def test_a_change_made_while_the_last_one_is_dealt_with_is_not_lost(folder: Path) -> None:
    watch = Watch([folder])
    (folder / "a.yaml").write_text("one more")
    assert watch.changed()
    (folder / "a.yaml").write_text("and one again")
    watch.replace([folder, folder.parent / "gateway.yaml"])
    assert watch.changed()
