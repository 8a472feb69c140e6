"""A place for files keeps its promises, whether it is a folder or a bucket."""

import threading
from pathlib import Path

import pytest

from orchestration.files import Files, LocalFiles, open_files


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
