"""Room for what is remembered: in memory while it is little, then in files that nobody sees."""

import errno
import gc
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from orchestration.room import HELD_BYTES, Room


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLEEP_CACHE", str(tmp_path / "files"))
    return tmp_path / "files"


def mappings(folder: Path) -> list[str]:
    """What this process has mapped from files of a folder, as the kernel lists it."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return [line for line in lines if str(folder) in line]


def test_little_is_held_in_memory_and_makes_no_folder(folder: Path) -> None:
    taken = Room().take((2, 3), torch.float16)
    assert taken.shape == (2, 3)
    assert taken.dtype == torch.float16
    assert not folder.exists()


def test_what_goes_beyond_the_limit_is_a_file_and_smaller_rooms_are_still_held(
    folder: Path,
) -> None:
    room = Room(held_bytes=20)
    sizes, mapped, kept = (6, 6, 4, 1), [], []
    for size in sizes:
        before = len(mappings(folder))
        kept.append(room.take((size,), torch.float16))
        mapped.append(len(mappings(folder)) > before)
    assert mapped == [False, True, False, True]  # 12 bytes, 12 more, 8 that are left, 2 too many


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.int64])
def test_a_file_takes_and_gives_what_memory_does(dtype: torch.dtype) -> None:
    mapped, held = (Room(limit).take((5, 7, 3), dtype) for limit in (0, HELD_BYTES))
    values = (torch.randn(5, 7, 3) * 100).to(dtype)
    for tensor in (mapped, held):
        tensor[:2] = values[:2]
        tensor[2:] = values[2:]
    assert mapped.dtype == dtype
    assert torch.equal(mapped, held)
    assert torch.equal(mapped[[4, 0, 4]], held[[4, 0, 4]])


def test_pages_of_a_file_are_shared_so_that_the_kernel_may_drop_them(folder: Path) -> None:
    kept = Room(0).take((4096,), torch.float16)
    (line,) = mappings(folder)
    assert line.split()[1] == "rw-s"
    assert kept.is_contiguous()


def test_a_file_has_no_name_so_that_a_killed_process_leaves_none(folder: Path) -> None:
    kept = Room(0).take((4096,), torch.float16)
    (line,) = mappings(folder)
    assert line.endswith("(deleted)")
    assert list(folder.iterdir()) == []
    assert len(kept) == 4096


def test_a_file_is_gone_with_its_tensor(folder: Path) -> None:
    opened = len(os.listdir("/proc/self/fd"))
    kept = Room(0).take((4, 1024), torch.float16)
    part = kept[1:2]
    del kept
    gc.collect()
    assert len(mappings(folder)) == 1  # a part keeps the whole
    del part
    gc.collect()
    assert mappings(folder) == []
    assert len(os.listdir("/proc/self/fd")) == opened


def test_where_the_disk_is_full_all_is_held_in_memory_and_no_file_is_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[Sequence[int]] = []

    def full(*where: int) -> None:
        tried.append(where)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    room = Room(0)
    assert [room.take((3, 2), torch.float16).shape for _ in range(2)] == [(3, 2)] * 2
    assert len(tried) == 1
    assert mappings(folder) == []
    assert "No space left" in caplog.text


def test_a_folder_that_others_can_write_to_gets_no_file(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    assert len(Room(0).take((3,), torch.float16)) == 3
    assert "can be written to by others" in caplog.text
