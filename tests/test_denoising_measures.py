"""Measures of denoising: hand-computed numbers, scipy and sklearn, intervals over patients."""

import numpy as np
import pytest
from scipy.stats import bootstrap, pearsonr
from sklearn.metrics import root_mean_squared_error
from sklearn.metrics.pairwise import cosine_similarity

from orchestration.denoising.measures import (
    MEASURES,
    gains,
    mean_over_patients,
    mean_over_segments,
    measured,
)

CLEAN = np.array([[3.0, -1, 2, 4]])
ESTIMATE = np.array([[3.0, 1, 2, 3]])  # errors 0, 2, 0, 1
RNG = np.random.default_rng(0)
MANY = RNG.normal(size=(7, 50)).astype(np.float32)
NEAR = (MANY + 0.3 * RNG.normal(size=MANY.shape)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("SNR", 10 * np.log10(30 / 5)),
        ("RMSE", np.sqrt(5 / 4)),
        ("SSD", 5.0),
        ("MAD", 2.0),
        ("PRD", 100 * np.sqrt(5 / 30)),
        ("cosine", 24 / np.sqrt(30 * 23)),
        ("Pearson", 6 / np.sqrt(14 * 2.75)),
    ],
)
def test_measures_are_those_computed_by_hand(name: str, want: float) -> None:
    assert measured(CLEAN, ESTIMATE)[name] == pytest.approx([want])


def test_measures_of_many_segments_are_those_of_scipy_and_sklearn() -> None:
    got = measured(MANY, NEAR)
    y, y_hat = MANY.astype(float), NEAR.astype(float)
    rows = list(zip(y, y_hat, strict=True))
    np.testing.assert_allclose(got["Pearson"], [pearsonr(*row).statistic for row in rows])
    np.testing.assert_allclose(got["RMSE"], [root_mean_squared_error(*row) for row in rows])
    np.testing.assert_allclose(got["cosine"], np.diag(cosine_similarity(y, y_hat)))
    for name, values in got.items():
        assert values.shape == (7,), name
        alone = [float(measured(MANY[k : k + 1], NEAR[k : k + 1])[name][0]) for k in range(7)]
        np.testing.assert_allclose(values, alone)


def test_an_estimate_without_error_and_one_that_is_constant_have_their_values() -> None:
    same = measured(MANY, MANY)
    assert np.isposinf(same["SNR"]).all()
    for name, want in (("RMSE", 0), ("SSD", 0), ("MAD", 0), ("PRD", 0), ("cosine", 1)):
        np.testing.assert_allclose(same[name], want, atol=1e-12)
    still = measured(MANY, np.zeros_like(MANY))
    np.testing.assert_allclose(still["SNR"], 0)
    assert still["Pearson"].tolist() == [0] * 7
    assert still["cosine"].tolist() == [0] * 7


def test_snr_improves_by_what_the_rmse_shrinks() -> None:
    noisy, denoised = measured(MANY, MANY + 0.5), measured(MANY, MANY + 0.05)
    got = gains(noisy, denoised)
    np.testing.assert_allclose(got["SNR"], 20, rtol=1e-5)
    np.testing.assert_allclose(got["RMSE"], 0.45, rtol=1e-5)
    np.testing.assert_allclose(got["Pearson"], 0, atol=1e-9)
    assert all((got[name] >= -1e-9).all() for name in MEASURES if name != "Pearson")


def test_snr_gain_and_correlation_do_not_see_the_scale_and_rmse_grows_with_it() -> None:
    one, ten = measured(MANY, NEAR), measured(10 * MANY, 10 * NEAR)
    for name in ("SNR", "Pearson", "PRD", "cosine"):
        np.testing.assert_allclose(one[name], ten[name], rtol=1e-5)
    np.testing.assert_allclose(10 * one["RMSE"], ten["RMSE"], rtol=1e-5)


def test_segments_are_averaged_and_patients_drawn() -> None:
    values = np.array([1.0, 2, 3, 10, 5, 5, 4])
    patients = np.array(["a", "a", "a", "b", "c", "c", "d"])
    segments = mean_over_segments(values, patients)
    assert segments.estimate == pytest.approx(30 / 7)
    assert segments.low < segments.estimate < segments.high
    people = mean_over_patients(values, patients)
    assert people.estimate == pytest.approx((2 + 10 + 5 + 4) / 4)
    sums, counts = np.array([6.0, 10, 10, 4]), np.array([3.0, 1, 2, 1])

    def of(index: np.ndarray) -> float:
        return float(sums[index].sum() / counts[index].sum())

    theirs = bootstrap(
        (np.arange(4),), of, vectorized=False, n_resamples=2000, method="BCa",
        rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    assert (segments.low, segments.high) == pytest.approx(tuple(theirs))


def test_one_patient_has_no_interval_however_many_segments() -> None:
    found = mean_over_segments(np.arange(50.0), np.full(50, "a"))
    assert found.estimate == pytest.approx(24.5)
    assert np.isnan([found.low, found.high]).all()


def test_segments_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(7, 50\).*\(7, 49\)"):
        measured(MANY, MANY[:, :-1])
    with pytest.raises(ValueError, match=r"give both"):
        measured(MANY[0], MANY[0])
