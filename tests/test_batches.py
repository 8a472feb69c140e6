"""Batches: every segment scored once over all ranks, the same order for the same seed."""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.parquet import read_night
from datasets.stages import SCHEMES, UNSCORED
from datasets.windows import ScaledNight, load_night, window_refs
from kd_core.batch import Batch
from orchestration.batches import Batches
from orchestration.room import HELD_BYTES, Room
from orchestration.rows import DeviceRows, Hold, HostRows


@pytest.fixture(scope="module")
def loaded(nights: Path) -> list[ScaledNight]:
    paths = sorted(nights.glob("*.parquet"))[:3]
    return [load_night(path, SCHEMES["W-N-R"]) for path in paths]


def make(
    loaded: list[ScaledNight], rank: int = 0, ranks: int = 1, hold: Hold = HostRows
) -> Batches:
    """Windows of seven segments, four a batch: neither divides a night."""
    return Batches(loaded, 7, 4, rank, ranks, hold)


def scored(batches: Batches) -> Counter[tuple[int, bytes, bytes]]:
    """How often each scored segment comes, by its label, EEG and ECG."""
    found: Counter[tuple[int, bytes, bytes]] = Counter()
    for eeg, ecg, target, _ in batches.in_order():
        segments = (view.reshape(*target.shape, -1) for view in (eeg, ecg))  # (B, T, S)
        for label, *pair in zip(target.flatten(), *(s.flatten(0, 1) for s in segments)):  # noqa: B905
            if label != UNSCORED:
                found[(int(label), pair[0].numpy().tobytes(), pair[1].numpy().tobytes())] += 1
    return found


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_scoring_sees_every_segment_once_over_all_ranks(
    loaded: list[ScaledNight], ranks: int
) -> None:
    shares = [scored(make(loaded, rank, ranks)) for rank in range(ranks)]
    stored = Counter(
        (int(label), eeg.tobytes(), ecg.tobytes())
        for night in loaded
        for label, eeg, ecg in zip(night.labels, night.eeg, night.ecg, strict=True)
    )
    assert sum(shares, Counter()) == stored
    assert set(stored.values()) == {1}


def test_a_pass_is_decided_by_seed_and_epoch(loaded: list[ScaledNight]) -> None:
    one, same, later, other = (
        list(make(loaded).shuffled(*which)) for which in ((1, 1), (1, 1), (1, 2), (2, 1))
    )
    assert equal(one, same)
    assert not equal(one, later)
    assert not equal(one, other)


def equal(ours: list[Batch], theirs: list[Batch]) -> bool:
    pairs = zip(ours, theirs, strict=False)
    return len(ours) == len(theirs) and all(
        torch.equal(a, b) for pair in pairs for a, b in zip(*map(tensors, pair), strict=True)
    )


def tensors(batch: Batch) -> list[torch.Tensor]:
    """All that a batch holds."""
    if batch.taught is None:
        return list(batch[:3])
    logits, taps = batch.taught
    return [*batch[:3], *taps.values(), *([] if logits is None else [logits])]


@pytest.mark.parametrize("epoch", range(1, 8))
def test_every_rank_takes_as_many_steps(loaded: list[ScaledNight], epoch: int) -> None:
    steps = [len(list(make(loaded, rank, 3).shuffled(0, epoch))) for rank in range(3)]
    assert steps[0] > 1
    assert len(set(steps)) == 1


def test_ranks_share_out_what_one_worker_sees(loaded: list[ScaledNight]) -> None:
    whole = [batch.target for batch in make(loaded).shuffled(0, 1)]
    halves = [make(loaded, rank, 2).shuffled(0, 1) for rank in range(2)]
    for target, even, odd in zip(whole, *halves, strict=False):
        assert torch.equal(target[0::2], even.target)
        assert torch.equal(target[1::2], odd.target)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_classes_are_counted_over_the_nights(nights: Path, scheme: str) -> None:
    paths = sorted(nights.glob("*.parquet"))[:3]
    stages = np.concatenate([read_night(path).stage for path in paths])
    plain = Counter(SCHEMES[scheme].class_of[stage] for stage in stages.tolist())
    loaded = [load_night(path, SCHEMES[scheme]) for path in paths]
    counted = make(loaded).class_counts(len(SCHEMES[scheme].classes))
    assert dict(enumerate(counted.tolist())) == plain


def numbers(loaded: list[ScaledNight], width: int) -> list[np.ndarray]:
    """Something to be said of each segment that says which segment it is: (n, width)."""
    firsts = np.cumsum([1, *(len(night.segment) for night in loaded)])
    return [
        (first + np.arange(len(night.segment), dtype=np.float16))[:, None] + np.zeros(width)
        for first, night in zip(firsts, loaded, strict=False)
    ]


def test_what_is_known_of_a_segment_stays_with_it_in_every_window(
    loaded: list[ScaledNight],
) -> None:
    said = {"logits": numbers(loaded, 3), "encoder1": numbers(loaded, 5)}
    number_of = {
        signal.tobytes(): number[0]
        for night, own in zip(loaded, said["logits"], strict=True)
        for signal, number in zip(night.eeg, own, strict=True)
    }
    for batch in make(loaded).knowing(said).shuffled(3, 1):
        assert batch.taught is not None
        logits, maps = batch.taught.logits, batch.taught.taps["encoder1"]
        assert logits is not None
        B, T = batch.target.shape
        assert logits.shape == (B, 3, T)
        assert maps.shape == (B, 1, T * 5)
        for b in range(B):
            for t, segment in enumerate(batch.teacher_view[b, 0].reshape(T, -1)):
                number = number_of.get(segment.numpy().tobytes(), 0)  # 0 behind a short window
                assert (number == 0) == (int(batch.target[b, t]) == UNSCORED)
                assert logits[b, :, t].tolist() == [number] * 3
                assert maps[b, 0, 5 * t : 5 * t + 5].tolist() == [number] * 5


def test_what_is_said_by_night_is_of_every_segment_once(loaded: list[ScaledNight]) -> None:
    def ask(batch: Batch) -> dict[str, torch.Tensor]:
        B, T = batch.target.shape
        return {"ecg": batch.student_view.reshape(B, T, -1), "label": batch.target}

    said = make(loaded).by_night(ask)
    for night, ecg, labels in zip(loaded, said["ecg"], said["label"], strict=True):
        np.testing.assert_array_equal(ecg, night.ecg)
        np.testing.assert_array_equal(labels, night.labels)


@pytest.mark.parametrize("rank", [0, 1])
def test_what_is_said_of_a_window_is_asked_once_and_comes_with_that_window(
    loaded: list[ScaledNight], rank: int
) -> None:
    asked: list[Batch] = []

    def ask(batch: Batch) -> dict[str, torch.Tensor]:
        asked.append(batch)
        return {"logits": answer(batch)}

    batches = make(loaded, rank, ranks=2).asking(ask, 2, Room())
    seen = [list(batches.shuffled(0, epoch)) for epoch in range(8)] + [list(batches.in_order())]
    for batch in (batch for epoch in seen for batch in epoch):
        assert batch.taught is not None
        assert batch.taught.logits is not None
        assert torch.equal(batch.taught.logits.movedim(1, 2), answer(batch))
    windows = [len(window_refs(loaded, 7, offset=offset)) for offset in (0, 3)]
    assert sum(len(batch.target) for batch in asked) == sum(windows)


@pytest.mark.parametrize("held_bytes", [HELD_BYTES, 100, 0])
def test_what_is_remembered_in_memory_or_in_files_is_what_was_said_bit_for_bit(
    loaded: list[ScaledNight], held_bytes: float
) -> None:
    def ask(batch: Batch) -> dict[str, torch.Tensor]:
        return {"logits": answer(batch).half(), "encoder1": answer(batch).half() / 3}

    batches = make(loaded).asking(ask, 2, Room(held_bytes))
    seen = [batch for epoch in range(8) for batch in batches.shuffled(0, epoch)]
    assert [len(said) for said in batches.said.values()] == [2, 2]
    for batch in seen:
        assert batch.taught is not None
        assert batch.taught.logits is not None
        wanted = ask(batch)
        assert wanted["logits"].isfinite().all()
        assert torch.equal(batch.taught.logits.movedim(1, 2), wanted["logits"])
        assert torch.equal(batch.taught.taps["encoder1"][:, 0], wanted["encoder1"].flatten(1))


def answer(batch: Batch) -> torch.Tensor:
    """Something that depends on the whole window, (B, T, 2)."""
    whole = batch.teacher_view.float().sum(-1, keepdim=True)  # (B, 1, 1)
    return whole + torch.arange(2 * batch.target.shape[1]).reshape(1, -1, 2)


def test_one_worker_of_many_can_see_all_nights(loaded: list[ScaledNight]) -> None:
    whole = make(loaded, rank=1, ranks=2).of_all_ranks()
    assert equal(list(whole.in_order()), list(make(loaded).in_order()))


def test_nights_held_on_a_device_give_the_same_batches(loaded: list[ScaledNight]) -> None:
    said = {"logits": numbers(loaded, 3), "encoder1": numbers(loaded, 5)}
    held = partial(DeviceRows, device=torch.device("cpu"))
    for rank in range(2):
        host, device = (make(loaded, rank, 2, hold).knowing(said) for hold in (HostRows, held))
        assert equal(list(host.in_order()), list(device.in_order()))
        assert equal(list(host.shuffled(3, 2)), list(device.shuffled(3, 2)))
