"""What the store shows is complete; what failed is remembered."""

import threading
from pathlib import Path

import pytest

from orchestration.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "storage")


def test_a_phase_is_there_only_when_it_is_whole(store: Store) -> None:
    def fill(out: Path) -> None:
        (out / "model").write_text("weights")
        assert not store.has_phase("k")
        (out / "spec.json").write_text("{}")

    store.publish(store.phase("k"), fill)
    assert store.has_phase("k")
    assert store.phase_keys() == {"k"}


def test_a_failed_fill_leaves_nothing_behind(store: Store) -> None:
    def fill(out: Path) -> None:
        (out / "model").write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store.publish(store.phase("k"), fill)
    assert list((store.root / "phases").iterdir()) == []


def test_one_builder_at_a_time_holds_a_phase(store: Store) -> None:
    order: list[str] = []

    def second() -> None:
        with store.lock("k"):
            order.append("second")

    with store.lock("k"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_failure_keeps_its_reason(store: Store) -> None:
    assert store.failure("k") == ""
    store.keep_failure("k", "loss became NaN")
    assert store.failures() == {"k": "loss became NaN"}


def test_a_folder_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ValueError, match="cannot be written"):
        Store.open(tmp_path / "file" / "storage")


def test_a_missing_storage_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no storage at"):
        Store.existing(tmp_path / "nowhere")
