"""Files of nights: the same night comes back, mapped; a damaged file is not believed."""

import logging
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from datasets.stages import SCHEMES
from datasets.windows import ScaledNight
from orchestration.night_files import NightFiles, night_folder
from tests.nights import make_night


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLEEP_CACHE", str(tmp_path / "files"))
    return tmp_path / "files"


def scaled() -> ScaledNight:
    night = make_night()
    labels = SCHEMES["W-N1-N2-N3-R"].labels(night.stage)
    eeg, ecg = night.eeg.astype(np.float16), night.ecg.astype(np.float16)
    return ScaledNight("a", eeg, ecg, labels, night.segment)


def same(one: ScaledNight, other: ScaledNight) -> bool:
    return one.subject == other.subject and all(
        getattr(one, name).dtype == getattr(other, name).dtype
        and np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("eeg", "ecg", "labels", "segment")
    )


def is_mapped(night: ScaledNight) -> bool:
    base = night.eeg.base
    while base is not None and not isinstance(base, np.memmap):
        base = getattr(base, "base", None)
    return base is not None and not night.eeg.flags.owndata


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_a_night_that_is_kept_is_mapped_and_read_again() -> None:
    kept = NightFiles().keep("n", scaled())
    again = NightFiles().read("n", "a")
    assert again is not None
    for night in (kept, again):
        assert same(night, scaled())
        assert is_mapped(night)
        assert not night.eeg.flags.writeable


def test_a_night_that_nobody_kept_is_not_there() -> None:
    assert NightFiles().read("n", "a") is None


@pytest.mark.parametrize("damage", ["cut", "emptied", "text", "other array"])
def test_a_damaged_file_is_not_believed_and_can_be_replaced(
    folder: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    NightFiles().keep("n", scaled())
    path = only_file(folder)
    content = path.read_bytes()
    path.unlink()  # a new file, as after a crash
    if damage == "other array":
        np.save(path, np.zeros(3))
    else:
        states = {"cut": content[:-9], "emptied": b"", "text": b"no night"}
        path.write_bytes(states[damage])
    assert NightFiles().read("n", "a") is None
    assert "is damaged" in caplog.text
    assert is_mapped(NightFiles().keep("n", scaled()))


def test_only_the_owner_can_read_what_is_kept(folder: Path) -> None:
    NightFiles().keep("n", scaled())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert only_file(folder).stat().st_mode & 0o777 == 0o600


def test_without_a_variable_the_folder_is_the_users_own_in_the_temporary_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SLEEP_CACHE")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    assert night_folder() == tmp_path / f"ecg-sleep-{os.getuid()}"


def test_a_folder_that_others_can_write_to_is_not_used(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(PermissionError, match="can be written to by others"):
        night_folder()
    assert same(NightFiles().keep("n", scaled()), scaled())
    assert list(folder.iterdir()) == []
    assert "held in memory" in caplog.text


def test_a_folder_of_another_user_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(PermissionError, match="it must be user 12345's alone"):
        night_folder()


def test_where_a_file_cannot_be_written_the_night_is_held_in_memory_and_said_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    caplog.set_level(logging.WARNING)
    files = NightFiles()
    for name in ("n", "m"):
        night = files.keep(name, scaled())
        assert same(night, scaled())
        assert not is_mapped(night)
    assert caplog.text.count("No space left on device") == 1
    assert list(folder.iterdir()) == []
