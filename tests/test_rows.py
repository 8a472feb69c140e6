"""Nights are held on a GPU where they fit into a share of its memory, else on the host."""

from functools import partial

import numpy as np
import pytest
import torch

from datasets.stages import SCHEMES
from datasets.windows import ScaledNight, WindowRef
from orchestration import rows
from orchestration.batches import Batches
from orchestration.rows import SHARE, DeviceRows, HostRows, hold_on
from tests.nights import SAMPLES, make_night

CUDA = torch.device("cuda")


def scaled() -> ScaledNight:
    night = make_night(range(5))
    labels = SCHEMES["W-N1-N2-N3-R"].labels(night.stage)
    eeg, ecg = night.eeg.astype(np.float16), night.ecg.astype(np.float16)
    return ScaledNight("a", eeg, ecg, labels, night.segment)


@pytest.mark.parametrize(("spare_bytes", "held"), [(0, True), (-1, False)])
def test_a_gpu_holds_what_fits_into_its_share(
    monkeypatch: pytest.MonkeyPatch, spare_bytes: int, held: bool
) -> None:
    needed = 2 * 5 * SAMPLES * 2 * 2  # nights, segments, samples, views, bytes
    monkeypatch.setattr(rows, "_free_bytes", lambda device: (needed + spare_bytes) / SHARE)
    hold = hold_on(CUDA, [scaled(), scaled()])
    assert isinstance(hold, partial) == held
    assert (hold is HostRows) != held


def test_without_a_gpu_nights_stay_where_they_are() -> None:
    assert hold_on(torch.device("cpu"), [scaled()]) is HostRows


def test_windows_of_both_kinds_are_equal_and_zero_behind_short_ones() -> None:
    nights = [np.arange(1, 7).reshape(3, 2), np.arange(7, 11).reshape(2, 2)]
    refs = [WindowRef(1, 0, 2, 2), WindowRef(0, 1, 2, 1), WindowRef(0, 0, 3, 3)]
    expected = [[[7, 8], [9, 10], [0, 0]], [[3, 4], [5, 6], [0, 0]], [[1, 2], [3, 4], [5, 6]]]
    for kind in (HostRows(nights), DeviceRows(nights, torch.device("cpu"))):
        assert kind.cut(refs, 3).tolist() == expected


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_batches_from_a_gpu_are_those_from_the_host() -> None:
    nights = [scaled(), scaled()]
    hold = hold_on(CUDA, nights)
    assert isinstance(hold, partial)
    host, device = Batches(nights, 3, 2), Batches(nights, 3, 2, hold=hold)
    for ours, theirs in zip(host.shuffled(0, 1), device.shuffled(0, 1), strict=True):
        assert theirs.teacher_view.device.type == theirs.student_view.device.type == "cuda"
        for one, other in zip(ours[:3], theirs[:3], strict=True):
            assert isinstance(one, torch.Tensor)
            assert isinstance(other, torch.Tensor)
            assert torch.equal(one, other.cpu())
