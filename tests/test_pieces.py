"""A night answered piece by piece is the night answered in one pass."""

import numpy as np
import pytest
import torch

from orchestration.staging.pieces import logits_a_second
from tests.stagers import a_stager


@pytest.mark.parametrize("model", ["tiny", "context-half"])
@pytest.mark.parametrize("piece", [1, 7, 40])
def test_pieces_say_what_one_pass_says(model: str, piece: int) -> None:
    stager = a_stager(model, dtype=torch.float64)
    S = stager.spec.segment_samples
    night = np.random.default_rng(0).standard_normal(45 * S + 1234).astype(np.float32)
    whole = stager.network(np.pad(night, (0, S - 1234)))[:, : len(night) // 200]
    found = logits_a_second(stager.network, stager.spec, night, piece)
    assert found.shape == (4, 45 * 30 + 6)
    assert whole.std() > 0.1
    np.testing.assert_allclose(found, whole, atol=1e-9)


def test_a_piece_with_too_little_around_it_would_be_answered_otherwise() -> None:
    stager = a_stager("tiny")
    night = np.random.default_rng(0).standard_normal(40 * 6000).astype(np.float32)
    whole, alone = stager.network(night), stager.network(night[: 20 * 6000])
    assert np.abs(whole[:, : 20 * 30] - alone).max() > 1e-3


def test_a_recording_below_a_second_has_no_answer() -> None:
    stager = a_stager("tiny")
    assert logits_a_second(stager.network, stager.spec, np.zeros(150, np.float32)).shape == (4, 0)
