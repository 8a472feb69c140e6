"""What a person looks at, of the test patients of one fold: strips, spectra, fixed SNRs.

Clean segments, test noise and denoisers in; what the figures draw out.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from datasets.clean_records import CLEAN_HZ
from datasets.noise import Noise
from datasets.noise_mix import mix_at_snr
from orchestration.denoising.beats import SNRS_DB
from orchestration.denoising.classical import Denoiser
from orchestration.denoising.clean import Clean
from orchestration.denoising.figures_snr import OutAt
from orchestration.denoising.figures_spectra import Spectra, spectra_of
from orchestration.denoising.figures_strips import Strip, has_beats, median_segment, strip_of
from orchestration.denoising.measures import mean_over_segments, snr_db
from orchestration.denoising.tested import TEST_SEED, noisy_of
from orchestration.staging.heart import listen

MOST_SEGMENTS = 150  # that go in at fixed SNRs, spread evenly


def looked_at(
    clean: Clean, noise: Noise, groups: Sequence[str], row: str, denoise: Denoiser
) -> tuple[list[Strip], list[Spectra]]:
    """A strip and a panel of spectra for each group, of one denoiser."""
    strips, spectra = [], []
    for group, noisy in noisy_of(clean, noise, groups).items():
        denoised = denoise(noisy, CLEAN_HZ)
        gain = snr_db(clean.samples, denoised) - snr_db(clean.samples, noisy)
        index = median_segment(gain, has_beats(clean.segments))
        three = clean.samples[index], noisy[index], denoised[index]
        found = beats_in(three[1]), beats_in(three[2])
        strips.append(
            strip_of(group, row, clean.segments, index, *three, float(gain[index]), found)
        )
        spectra.append(spectra_of(group, row, clean.samples, noisy, denoised))
    return strips, spectra


def beats_in(segment: np.ndarray) -> np.ndarray | None:
    """Samples at which the detector sees a beat; None where it is not installed."""
    heart = listen(segment, CLEAN_HZ, np.zeros(int(len(segment) / CLEAN_HZ), bool))
    return None if heart is None else np.rint(heart.beats_s * CLEAN_HZ).astype(np.int64)


def at_fixed_snrs(
    clean: Clean,
    noise: Noise,
    groups: Sequence[str],
    denoisers: Mapping[str, Denoiser],
    snrs_db: Sequence[float] = SNRS_DB,
) -> list[OutAt]:
    """What comes out of each denoiser where segments go in at an SNR, the same for all."""
    chosen = np.unique(np.linspace(0, len(clean) - 1, MOST_SEGMENTS).astype(int))
    samples, patients = clean.samples[chosen], clean.segments.patient[chosen]
    found = []
    for place, group in enumerate(groups):
        for snr in snrs_db:
            rng = np.random.default_rng([TEST_SEED, place])
            noisy = mix_at_snr(samples, noise, group, snr, rng)
            for name, denoise in denoisers.items():
                out = snr_db(samples, denoise(noisy, CLEAN_HZ))
                found.append(OutAt(name, group, snr, mean_over_segments(out, patients)))
    return found
