"""A place for files keeps its promises, whether it is a folder or a bucket."""

import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration import objects
from orchestration.files import Files, LocalFiles, open_files
from tests.scripted_s3 import (
    CONFLICT,
    EXISTS,
    EXISTS_MINIO,
    LOST,
    OK,
    REFUSED,
    Script,
    scripted_s3,
)


@pytest.fixture
def files(place: str) -> Files:
    return open_files(place)


def test_what_is_written_is_read(files: Files) -> None:
    files.write("a/b.json", b"one")
    files.write("a/b.json", b"two")
    assert files.read("a/b.json") == b"two"
    assert files.exists("a/b.json")
    assert files.exists("a")


def test_what_is_missing_is_said_to_be(files: Files) -> None:
    assert not files.exists("a/b.json")
    assert files.names("a") == []
    with pytest.raises(FileNotFoundError):
        files.read("a/b.json")
    with pytest.raises(FileNotFoundError):
        files.opened("a/b.json").__enter__()
    files.remove("a")


def test_a_file_is_created_once(files: Files) -> None:
    assert files.create("a/b", b"first")
    assert not files.create("a/b", b"second")
    assert files.create("a/b", b"first"), "a repeated request finds its own file"
    assert files.read("a/b") == b"first"


def test_of_many_that_create_a_file_one_does(files: Files) -> None:
    won: list[int] = []

    def create(number: int) -> None:
        if files.create("a/b", str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [int(files.read("a/b"))]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Files, Script]]:
    """A bucket whose server answers as it is told."""
    import fsspec

    clients = fsspec.get_filesystem_class("s3")
    monkeypatch.setattr(objects, "WAITS_S", (0.01, 0.01, 0.01))
    with scripted_s3() as (url, script):
        for name, value in {"ENDPOINT_URL": url, "DEFAULT_REGION": "us-east-1"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "of-the-tests")
        clients.clear_instance_cache()  # clients keep the endpoint that they began with
        yield open_files("s3://bucket/store"), script
        clients.clear_instance_cache()


@pytest.mark.parametrize("exists", [EXISTS, EXISTS_MINIO])
def test_an_object_that_is_there_is_not_created(
    scripted: tuple[Files, Script], exists: tuple[int, bytes]
) -> None:
    files, script = scripted
    script.answers, script.held = [exists, exists], b"another's"
    assert not files.create("a/b", b"ours")
    script.held = b"ours"
    assert files.create("a/b", b"ours"), "an answer was lost before"


@pytest.mark.parametrize("exists", [EXISTS, EXISTS_MINIO])
def test_an_object_whose_creation_was_not_answered_is_ours(
    scripted: tuple[Files, Script], exists: tuple[int, bytes]
) -> None:
    files, script = scripted
    script.answers = [LOST, exists]
    assert files.create("a/b", b"ours")
    assert script.answers == []


def test_a_creation_that_meets_another_is_tried_again(scripted: tuple[Files, Script]) -> None:
    files, script = scripted
    script.answers = [CONFLICT, CONFLICT, OK]
    assert files.create("a/b", b"ours")
    script.answers = [CONFLICT, EXISTS_MINIO]
    script.held = b"another's"
    assert not files.create("a/b", b"ours")


def test_an_object_that_is_gone_again_is_not_ours(scripted: tuple[Files, Script]) -> None:
    files, script = scripted
    script.answers = [EXISTS_MINIO]
    assert not files.create("a/b", b"ours")


def test_what_is_no_conflict_is_raised(scripted: tuple[Files, Script]) -> None:
    files, script = scripted
    script.answers = [REFUSED]
    with pytest.raises(PermissionError):
        files.create("a/b", b"ours")
    script.answers = [CONFLICT] * 50
    with pytest.raises(OSError, match="conflict"):
        files.create("a/b", b"ours")


def test_what_two_remove_at_once_is_gone_for_both(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = open_files(bucket)
    assert isinstance(files, objects.ObjectFiles)
    monkeypatch.setattr(files.fs, "exists", lambda path: True)  # as it was when it was looked for
    files.remove("a/b")


@pytest.mark.parametrize("how", ["write", "create"])
def test_a_file_is_on_the_disk_before_it_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    synced: list[tuple[str, int, bool]] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}")
        name, size = path.readlink().name, path.stat().st_size if path.is_file() else 0
        synced.append((name.partition(".b.")[1] or name, size, (tmp_path / "a" / "b").exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    getattr(open_files(tmp_path), how)("a/b", b"content")
    assert synced == [(".b.", 7, False), ("a", 0, True)]


def test_what_killed_writers_left_goes_after_a_day(tmp_path: Path) -> None:
    files, folder = open_files(tmp_path), tmp_path / "a" / "b"
    files.write("a/b/c", b"whole")
    old, new = (folder / f".c.{uuid.uuid4().hex}" for _ in range(2))
    others = [folder / ".nfs0000", tmp_path / ".d", folder / ".c.no-digits-of-ours-are-in-this-xx"]
    for path in (old, new, *others):
        path.write_bytes(b"half")
    for path in (old, *others, folder / "c"):
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    files.tidy()
    assert not old.exists()
    assert all(path.exists() for path in (new, *others, folder / "c"))


def test_a_bucket_has_nothing_half_written(bucket: str) -> None:
    files = open_files(bucket)
    files.write("a/b", b"whole")
    files.tidy()
    assert files.read("a/b") == b"whole"


def test_names_are_those_of_files_and_folders_directly_there(files: Files) -> None:
    for path in ("a/c/d", "a/b", "a/e/f"):
        files.write(path, b"x")
    assert files.names("a") == ["b", "c", "e"]
    files.remove("a/c")
    assert files.names("a") == ["b", "e"]
    assert files.names("") == ["a"]


def test_a_file_whose_writing_fails_does_not_appear(files: Files) -> None:
    files.write("a/b", b"old")
    with pytest.raises(OSError, match="full"):
        write_half(files, "a/b")
    assert files.read("a/b") == b"old"
    assert files.names("a") == ["b"]


def write_half(files: Files, path: str) -> None:
    with files.writing(path) as local:
        local.write_bytes(b"half")
        raise OSError("disk full")


def test_a_file_is_written_and_read_under_a_local_name(files: Files) -> None:
    with files.writing("a/b.txt") as local:
        local.write_bytes(b"whole")
    with files.reading("a/b.txt") as local:
        assert local.read_bytes() == b"whole"
    with files.reading_folder("a") as folder:
        assert [path.name for path in folder.iterdir()] == ["b.txt"]
    with files.opened("a/b.txt") as file:
        file.seek(2)
        assert file.read() == b"ole"


def test_ray_is_given_a_place_it_can_write_to(files: Files) -> None:
    given = files.for_ray("tune")
    if isinstance(files, LocalFiles):
        assert Path(given["storage_path"]) == Path(files.root, "tune")
        return
    system = given["storage_filesystem"]
    with system.open_output_stream(f"{given['storage_path']}/x") as stream:
        stream.write(b"ray")
    assert files.read("tune/x") == b"ray"


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/a", "s3://bucket/a?access_key=secret"])
def test_a_url_with_a_secret_in_it_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="carries credentials") as refusal:
        open_files(url)
    assert "secret" not in str(refusal.value)


def test_a_url_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"is of kind 'ftp'; allowed are a folder and s3://, gs://"
    ):
        open_files("ftp://host/a")
