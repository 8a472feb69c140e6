"""Whether heart beats are found in noisy ECG, and whether more are found once it is denoised.

Continuous recordings and their annotated beats in; sensitivity and positive predictivity of a
library's detector out (orchestration.staging.heart), on the clean, the noisy and the denoised ECG.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from datasets.clean_records import CLEAN_HZ, CleanLead
from datasets.noise import Noise
from datasets.noise_mix import at_snr, long_mixture
from orchestration.denoising.classical import Whole
from orchestration.staging.heart import listen

TOLERANCE_S = 0.15  # ANSI/AAMI EC57
SNRS_DB = (-6.0, 0.0, 6.0, 12.0, 18.0)  # as the records of the noise stress test; 24 is left out


class Detection(NamedTuple):
    """Annotated beats against beats found, each matched at most once."""

    matched: int
    missed: int
    false: int

    @property
    def sensitivity(self) -> float:
        """Share of the annotated beats that were found."""
        marked = self.matched + self.missed
        return self.matched / marked if marked else np.nan

    @property
    def predictivity(self) -> float:
        """Share of the found beats that were annotated; NaN where none was found."""
        found = self.matched + self.false
        return self.matched / found if found else np.nan


class Heard(NamedTuple):
    """One record at one SNR."""

    patient: str
    record: str
    group: str
    snr_db: float
    noisy: Detection
    denoised: Detection


def compare(found_s: np.ndarray, marked_s: np.ndarray, within_s: float = TOLERANCE_S) -> Detection:
    """Pairs of beats that lie within the tolerance, in order of time.

    Shapes: found_s (m,), marked_s (k,), both rising. Of two beats that could pair with a third the
    earlier does, which gives as many pairs as there can be.
    """
    found, marked = found_s.tolist(), marked_s.tolist()
    at = of = matched = 0
    while at < len(found) and of < len(marked):
        late_s = found[at] - marked[of]
        if abs(late_s) <= within_s + 1e-9:  # of rounding
            matched, at, of = matched + 1, at + 1, of + 1
        elif late_s < 0:
            at += 1
        else:
            of += 1
    return Detection(matched, len(marked) - matched, len(found) - matched)


def detect(samples: np.ndarray, beats: np.ndarray, hz: float = CLEAN_HZ) -> Detection:
    """The detector on an ECG whose beats are annotated.

    Shapes: samples (n,); beats (m,) sample numbers.
    """
    heart = listen(samples, hz, np.zeros(int(len(samples) / hz), bool))
    if heart is None:
        raise ModuleNotFoundError("beats are sought by sleepecg: pip install sleepecg.")
    heard_s = len(samples) // hz  # the detector tells of whole seconds
    marked_s = beats / hz
    return compare(heart.beats_s, marked_s[marked_s < heard_s])


def hear_through_noise(
    leads: Iterable[CleanLead],
    noise: Noise,
    denoise: Whole,
    groups: Sequence[str],
    snrs_db: Sequence[float] = SNRS_DB,
    seed: int = 0,
) -> list[Heard]:
    """Detection before and after a denoiser, on annotated records with a group's noise added.

    The SNR is of powers about the mean over the whole record. All SNRs of a record and group have
    the same noise, and so has every denoiser under the same seed.
    """
    rows = []
    for number, lead in enumerate(leads):
        if lead.beats is None:
            raise ValueError(f"record {lead.record} has no annotated beats; leave it out.")
        for place, group in enumerate(groups):
            rng = np.random.default_rng([seed, number, place])
            added = long_mixture(noise, group, len(lead.samples), rng)
            for snr_db in snrs_db:
                noisy = lead.samples + at_snr(lead.samples, added, snr_db)
                before = detect(noisy, lead.beats)
                after = detect(denoise(noisy, CLEAN_HZ), lead.beats)
                rows.append(Heard(lead.patient, lead.record, group, snr_db, before, after))
    return rows


def pooled(detections: Iterable[Detection]) -> Detection:
    """Beats of several records together, as EC57's gross statistics."""
    counts = np.array(list(detections), np.int64).reshape(-1, 3).sum(0).tolist()
    return Detection(*counts)
