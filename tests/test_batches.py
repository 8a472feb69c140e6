"""Batches: every segment scored once over all ranks, the same order for the same seed."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.parquet import read_night, subjects_in
from datasets.stages import SCHEMES, UNSCORED
from kd_core.batch import Batch
from orchestration.batches import Batches


@pytest.fixture(scope="module")
def names(nights: Path) -> list[str]:
    return [subject.name for subject in subjects_in(nights)][:3]


def make(
    nights: Path, names: list[str], scheme: str = "W-N-R", rank: int = 0, ranks: int = 1
) -> Batches:
    """Windows of seven segments, four a batch: neither divides a night."""
    return Batches(nights, names, scheme, "night", 7, 4, rank, ranks)


def scored(batches: Batches) -> Counter[tuple[int, bytes, bytes]]:
    """How often each scored segment comes, by its label, EEG and ECG."""
    found: Counter[tuple[int, bytes, bytes]] = Counter()
    for eeg, ecg, target in batches.in_order():
        segments = (view.reshape(*target.shape, -1) for view in (eeg, ecg))  # (B, T, S)
        for label, *pair in zip(target.flatten(), *(s.flatten(0, 1) for s in segments)):  # noqa: B905
            if label != UNSCORED:
                found[(int(label), pair[0].numpy().tobytes(), pair[1].numpy().tobytes())] += 1
    return found


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_scoring_sees_every_segment_once_over_all_ranks(
    nights: Path, names: list[str], ranks: int
) -> None:
    whole = make(nights, names)
    shares = [scored(make(nights, names, rank=rank, ranks=ranks)) for rank in range(ranks)]
    stored = Counter(
        (int(label), eeg.tobytes(), ecg.tobytes())
        for night in whole.nights
        for label, eeg, ecg in zip(night.labels, night.eeg, night.ecg, strict=True)
    )
    assert sum(shares, Counter()) == stored
    assert set(stored.values()) == {1}


def test_a_pass_is_decided_by_seed_and_epoch(nights: Path, names: list[str]) -> None:
    one, same, later, other = (
        list(make(nights, names).shuffled(*which)) for which in ((1, 1), (1, 1), (1, 2), (2, 1))
    )
    assert equal(one, same)
    assert not equal(one, later)
    assert not equal(one, other)


def equal(ours: list[Batch], theirs: list[Batch]) -> bool:
    pairs = zip(ours, theirs, strict=False)
    return len(ours) == len(theirs) and all(
        torch.equal(a, b) for pair in pairs for a, b in zip(*pair, strict=True)
    )


@pytest.mark.parametrize("epoch", range(1, 8))
def test_every_rank_takes_as_many_steps(nights: Path, names: list[str], epoch: int) -> None:
    steps = [
        len(list(make(nights, names, rank=rank, ranks=3).shuffled(0, epoch))) for rank in range(3)
    ]
    assert steps[0] > 1
    assert len(set(steps)) == 1


def test_ranks_share_out_what_one_worker_sees(nights: Path, names: list[str]) -> None:
    whole = [batch.target for batch in make(nights, names).shuffled(0, 1)]
    halves = [make(nights, names, rank=rank, ranks=2).shuffled(0, 1) for rank in range(2)]
    for target, even, odd in zip(whole, *halves, strict=False):
        assert torch.equal(target[0::2], even.target)
        assert torch.equal(target[1::2], odd.target)


def test_two_schemes_share_the_signals_in_memory(nights: Path, names: list[str]) -> None:
    three, four = make(nights, names), make(nights, names, "W-L-D-R")
    for ours, theirs in zip(three.nights, four.nights, strict=True):
        assert np.shares_memory(ours.eeg, theirs.eeg)
        assert np.shares_memory(ours.ecg, theirs.ecg)
    assert {int(label) for night in four.nights for label in night.labels} == {0, 1, 2, 3}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_classes_are_counted_over_the_named_subjects(
    nights: Path, names: list[str], scheme: str
) -> None:
    stages = np.concatenate([read_night(nights / f"{name}.parquet").stage for name in names])
    plain = Counter(SCHEMES[scheme].class_of[stage] for stage in stages.tolist())
    counted = make(nights, names, scheme).class_counts()
    assert dict(enumerate(counted.tolist())) == plain


def test_nobody_elses_file_is_opened(nights: Path, names: list[str], tmp_path: Path) -> None:
    shutil.copy(nights / f"{names[0]}.parquet", tmp_path)
    (tmp_path / f"{names[1]}.parquet").write_text("whoever opens this fails")
    assert len(list(make(tmp_path, names[:1]).in_order())) > 0
    with pytest.raises(ValueError, match="no Parquet file"):
        make(tmp_path, names[:2])


def test_a_night_that_was_written_anew_is_read_anew(
    nights: Path, names: list[str], tmp_path: Path
) -> None:
    target = tmp_path / "night.parquet"
    counts = []
    for name in names[:2]:
        shutil.copy(nights / f"{name}.parquet", target)  # without its time: it is new
        counts.append(make(tmp_path, ["night"]).class_counts().tolist())
    assert counts == [make(nights, [name]).class_counts().tolist() for name in names[:2]]
