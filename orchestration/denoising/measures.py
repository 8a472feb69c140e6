"""How near a denoised ECG is to the clean one: segment by segment, and averaged with intervals.

Clean, noisy and denoised segments (n, S) in; one value a segment (n,) out.
Source: SNR, RMSE, Pearson as in Qiu 2022, Physiological Measurement 43(11) 115004; SSD, MAD, PRD
and cosine similarity as in DeepFilter (Romero 2021, Biomedical Signal Processing and Control 70).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from orchestration.evidence.intervals import Interval, bca, bca_mean

Values = dict[str, np.ndarray]


class Measure(NamedTuple):
    """One way to compare an estimate with the truth."""

    of: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """Clean and estimate, both (n, S) float64, to (n,)."""
    unit: str
    higher_is_better: bool


def snr_db(clean: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """10 log10(sum y^2 / sum (y - yhat)^2); infinite for an estimate without error."""
    return np.asarray(10 * np.log10(_squares(clean) / _squares(clean - estimate)))


def rmse(clean: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Root of the mean squared error."""
    return np.asarray(np.sqrt(np.square(clean - estimate).mean(-1)))


def pearson(clean: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Correlation; 0 where one of the two is constant, which follows nothing."""
    clean = clean - clean.mean(-1, keepdims=True)
    estimate = estimate - estimate.mean(-1, keepdims=True)
    return cosine(clean, estimate)


def ssd(clean: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Sum of the squared distances."""
    return _squares(clean - estimate)


def mad(clean: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Maximum absolute distance."""
    return np.asarray(np.abs(clean - estimate).max(-1))


def prd(clean: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Percentage root-mean-square difference, 100 sqrt(sum (y - yhat)^2 / sum y^2).

    Differs: Romero's code divides by the estimate's power about the mean of all clean segments.
    """
    return np.asarray(100 * np.sqrt(_squares(clean - estimate) / _squares(clean)))


def cosine(clean: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Cosine of the angle between the two; 0 where one of them is 0."""
    length = np.sqrt(_squares(clean) * _squares(estimate))
    return np.asarray((clean * estimate).sum(-1) / np.where(length > 0, length, 1))


MEASURES: Mapping[str, Measure] = {
    "SNR": Measure(snr_db, "dB", True),
    "RMSE": Measure(rmse, "", False),
    "Pearson": Measure(pearson, "", True),
    "SSD": Measure(ssd, "", False),
    "MAD": Measure(mad, "", False),
    "PRD": Measure(prd, "%", False),
    "cosine": Measure(cosine, "", True),
}


def measured(clean: np.ndarray, estimate: np.ndarray) -> Values:
    """Every measure of every segment. Shapes: clean, estimate (n, S); (n,) by MEASURES.

    Values of SNR, PRD and cosine depend on the clean segment's offset (datasets.clean_scale).
    """
    if clean.shape != estimate.shape or clean.ndim != 2:
        raise ValueError(
            f"clean segments are {clean.shape}, the estimate {estimate.shape}; give both (n, S)."
        )
    y, y_hat = clean.astype(np.float64), estimate.astype(np.float64)
    with np.errstate(divide="ignore"):  # an estimate without error has an infinite SNR
        return {name: measure.of(y, y_hat) for name, measure in MEASURES.items()}


def gains(noisy: Mapping[str, np.ndarray], denoised: Mapping[str, np.ndarray]) -> Values:
    """What denoising gained: rise of what should be high, fall of what should be low.

    Args:
        noisy, denoised: what measured() says of the noisy and the denoised segments.
    """
    return {
        name: (denoised[name] - noisy[name]) * (1 if measure.higher_is_better else -1)
        for name, measure in MEASURES.items()
    }


def mean_over_segments(
    values: np.ndarray, patients: np.ndarray, seed: int = 0, level: float = 0.95
) -> Interval:
    """The mean over all segments, as the paper's, with its BCa interval over patients.

    Patients are drawn with all their segments, for the segments of one resemble each other.
    Shapes: values (n,), patients (n,) names.
    """
    sums, counts = _by_patient(values, patients)
    return bca(np.stack([sums, counts], 1), _pooled_mean, level=level, seed=seed)


def mean_over_patients(
    values: np.ndarray, patients: np.ndarray, seed: int = 0, level: float = 0.95
) -> Interval:
    """The mean over patients, each of whom counts once, with its BCa interval over them."""
    sums, counts = _by_patient(values, patients)
    return bca_mean(sums / counts, level=level, seed=seed)


def _by_patient(values: np.ndarray, patients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of each patient's segments, both (patients,)."""
    _, of = np.unique(patients, return_inverse=True)
    return np.bincount(of, values), np.bincount(of).astype(np.float64)


def _pooled_mean(pooled: np.ndarray) -> np.ndarray:
    """(..., 2) sums and numbers to (...,)."""
    return np.asarray(pooled[..., 0] / pooled[..., 1])


def _squares(samples: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(samples).sum(-1))
