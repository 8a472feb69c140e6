"""What the store shows is complete and unchanged; what failed is remembered."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.files import Files, LocalFiles
from orchestration.store import Store, this_run


@pytest.fixture
def store(place: str) -> Store:
    return Store.open(place)


def fill(out: Path) -> None:
    (out / "model").write_text("weights")
    (out / "spec.json").write_text("{}")


def test_a_phase_is_there_only_when_it_is_whole(store: Store) -> None:
    def watched(out: Path) -> None:
        fill(out)
        assert not store.has_phase("k")

    assert store.publish("k", watched)
    assert store.has_phase("k")
    assert store.phase_keys() == {"k"}
    assert store.read_phase("k", "spec.json") == b"{}"
    with store.phase("k") as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["model", "spec.json"]
    assert store.build_of("k") == (this_run(), {})


def test_a_failed_fill_leaves_nothing_behind(store: Store) -> None:
    def full(out: Path) -> None:
        (out / "model").write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store.publish("k", full)
    assert store.phase_keys() == set()
    assert store.files.names("phases/k") == []


def test_a_write_that_fails_while_publishing_shows_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = type(store.files).write

    def second_fails(files: object, path: str, content: bytes) -> None:
        if path.endswith("spec.json"):
            raise OSError(28, "No space left on device")
        write(files, path, content)  # type: ignore[arg-type]

    monkeypatch.setattr(type(store.files), "write", second_fails)
    with pytest.raises(OSError, match="No space left"):
        store.publish("k", fill)
    assert not store.has_phase("k")
    assert store.files.names("phases/k") == []
    monkeypatch.undo()
    assert store.publish("k", fill)


def test_a_phase_whose_publishing_was_not_answered_stays_whole(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = type(store.files).create

    def unanswered(files: Files, path: str, content: bytes) -> bool:
        create(files, path, content)
        raise TimeoutError("no answer")

    monkeypatch.setattr(type(store.files), "create", unanswered)
    assert store.publish("k", fill)
    assert store.read_phase("k", "model") == b"weights"


def test_a_publishing_that_did_not_arrive_is_swept_by_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(files: Files, path: str, content: bytes) -> bool:
        raise TimeoutError("no answer")

    monkeypatch.setattr(type(store.files), "create", unreachable)
    with pytest.raises(TimeoutError):
        store.publish("k", fill)
    monkeypatch.undo()
    assert not store.has_phase("k")
    assert store.publish("k", fill)
    assert len(store.files.names("phases/k")) == 1


def test_of_two_publishers_the_first_wins_and_the_other_leaves_nothing(store: Store) -> None:
    def late(out: Path) -> None:
        (out / "model").write_text("other weights")
        assert store.publish("k", fill)  # while the late one still works

    assert not store.publish("k", late)
    assert store.read_phase("k", "model") == b"weights"
    assert len(store.files.names("phases/k")) == 1


def test_what_a_killed_publisher_left_is_removed_by_the_next(store: Store) -> None:
    store.files.write("phases/k/dead/model", b"half")
    assert not store.has_phase("k")
    store.publish("k", fill)
    assert "dead" not in store.files.names("phases/k")


def test_a_phase_that_was_changed_is_refused(store: Store) -> None:
    store.publish("k", fill)
    folder = json.loads(store.files.read("phases/k.json"))["folder"]
    store.files.write(f"{folder}/model", b"other weights")
    with pytest.raises(ValueError, match=f"{folder}/model has sha256 .* was published with"):
        store.phase("k").__enter__()
    with pytest.raises(ValueError, match="changed or cut"):
        store.read_phase("k", "model")


def test_a_phase_whose_files_are_missing_says_what_to_do(store: Store) -> None:
    store.publish("k", fill)
    store.files.remove(json.loads(store.files.read("phases/k.json"))["folder"])
    with pytest.raises(
        ValueError, match=r"/model is missing, .* Remove the phase from phases, scores"
    ):
        store.read_phase("k", "model")
    with pytest.raises(ValueError, match="is missing"):
        store.phase("k").__enter__()


@pytest.mark.parametrize("marker", [b"", b'{"folder": "pha', b"\xff", b"[]", b'{"folder": "a"}'])
def test_a_phase_whose_marker_is_damaged_says_what_to_do(store: Store, marker: bytes) -> None:
    store.files.write("phases/k.json", marker)
    for ask in (lambda: store.read_phase("k", "model"), lambda: store.build_of("k")):
        with pytest.raises(ValueError, match=r"phases/k\.json is empty or cut.* Remove it and"):
            ask()


def test_a_failure_keeps_its_reason(store: Store) -> None:
    assert store.failure("k") == ""
    store.keep_failure("k", "loss became NaN")
    assert store.failure("k") == "loss became NaN"
    assert store.failed_keys() == {"k"}


def test_a_night_is_found_under_a_local_name(store: Store) -> None:
    store.files.write("windows/w/s.parquet", b"PAR1")
    with store.night("w", "s") as path:
        assert path.read_bytes() == b"PAR1"


def test_a_store_that_is_opened_leaves_no_probe(store: Store) -> None:
    assert store.files.names("leases") == []


def test_a_place_that_creates_a_file_twice_is_refused(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = type(Store(place).files)
    monkeypatch.setattr(files, "create", lambda self, path, content: True)
    with pytest.raises(ValueError, match="conditional writes"):
        Store.open(place)


def test_a_folder_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ValueError, match="cannot be written"):
        Store.open(tmp_path / "file" / "storage")


@pytest.mark.usefixtures("s3_server")
def test_a_bucket_that_does_not_exist_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match=r"s3://nobodys/store cannot be written to .*bucket"):
        Store.open("s3://nobodys/store")


def test_an_endpoint_that_does_not_answer_is_refused_at_the_start(bucket: str) -> None:
    code = (
        "import sys; from orchestration.store import Store\n"
        "try: Store.open(sys.argv[1])\n"
        "except ValueError as error: print(error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, bucket],
        env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1", "PATH": ""},
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert "cannot be written to" in said.stdout, said


def test_a_missing_storage_is_named(place: str) -> None:
    with pytest.raises(ValueError, match="no storage at"):
        Store.existing(place)


def test_a_folder_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store.open("relative")
    monkeypatch.chdir("/")
    assert isinstance(store.files, LocalFiles)
    assert store.publish("k", fill)
    assert (tmp_path / "relative" / "phases" / "k.json").is_file()
