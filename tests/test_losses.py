"""A worker group that loses workers again and again ends only where it gets no further."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from ray.train.torch import TorchTrainer
from ray.train.v2.api.exceptions import WorkerGroupError

from orchestration.build import Outcome
from orchestration.store import Store
from orchestration.training import fit_on

KEYS = ("0" * 16, "1" * 16, "2" * 16)


class Reclaimed:
    """Fits as Ray's trainer does on machines that are taken away once too often."""

    def __init__(self, before_it_fails: list[Callable[[], object]]) -> None:
        self.work = before_it_fails

    def fit(self) -> Any:
        if not self.work:
            return self
        self.work.pop(0)()
        raise WorkerGroupError("a worker died", {})

    @property
    def return_value(self) -> list[Outcome]:
        return []


def publish(store: Store, key: str) -> None:
    def fill(folder: Path) -> None:
        (folder / "spec.json").write_text("{}")

    store.publish(key, fill)


def test_a_group_that_has_finished_a_phase_more_starts_anew(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    trainer = Reclaimed([partial(publish, store, key) for key in KEYS[:2]])
    assert fit_on(cast(TorchTrainer, trainer), KEYS, store.root) == []
    assert store.phase_keys() == set(KEYS[:2])


def test_one_that_has_got_no_further_says_why(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    trainer = Reclaimed([lambda: publish(store, KEYS[0]), lambda: publish(store, "f" * 16)])
    with pytest.raises(WorkerGroupError, match="a worker died"):
        fit_on(cast(TorchTrainer, trainer), KEYS, store.root)
    assert not trainer.work, "phases of others are no progress of ours"
