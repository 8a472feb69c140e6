"""Augmentation changes loudness and sign, and draws only from the generator it is given."""

import pytest
import torch

from kd_core.augment import GAIN, augment, seeded

CPU = torch.device("cpu")


def test_a_window_keeps_its_shape_up_to_one_gain_and_sign() -> None:
    view = torch.randn(64, 1, 10)
    ratio = augment(view) / view
    torch.testing.assert_close(ratio, ratio[:, :, :1].expand_as(ratio))
    assert ratio.abs().min() >= 1 / GAIN - 1e-5
    assert ratio.abs().max() <= GAIN + 1e-5


def test_windows_get_gains_and_signs_of_their_own() -> None:
    factors = augment(torch.ones(1000, 1, 1)).flatten()
    assert len(set(factors.tolist())) > 900
    assert 0.4 < (factors > 0).double().mean() < 0.6
    assert abs(factors.abs().log().mean()) < 0.02  # louder as often as quieter


def test_half_precision_stays_half_precision() -> None:
    assert augment(torch.ones(3, 1, 4, dtype=torch.float16)).dtype == torch.float16


def test_the_same_numbers_draw_the_same_and_others_do_not() -> None:
    def drawn(*numbers: int) -> float:
        with seeded(CPU, *numbers):
            return torch.rand(1).item()

    assert drawn(1, 2, 0) == drawn(1, 2, 0)
    assert len({drawn(1, 2, 0), drawn(1, 3, 0), drawn(2, 2, 0), drawn(1, 2, 1)}) == 4


def test_the_global_generator_is_left_alone_also_after_an_error() -> None:
    before = torch.random.get_rng_state()
    with pytest.raises(IndexError), seeded(CPU, 5):
        torch.rand(3)[7]
    assert torch.equal(torch.random.get_rng_state(), before)
