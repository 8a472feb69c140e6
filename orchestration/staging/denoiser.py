"""A trained denoiser in front of whatever reads an ECG: whole recordings, or samples as they come.

denoiser = load_denoiser("denoiser")
clean = denoiser.whole(samples, hz)

Samples at the recording's own rate in, as many out. It needs numpy and ONNX Runtime alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from datasets.gaps import check_rate
from datasets.sinc import resample_by_sinc
from orchestration.staging.denoiser_spec import DenoiserSpec, read_denoiser_spec
from orchestration.staging.ecg_scale import EcgScale, estimated
from orchestration.staging.gaps import without_gaps
from orchestration.staging.networks import RUNTIMES, check_file, read_sums
from orchestration.staging.pieces import Network
from orchestration.staging.spec import CONFIG

if TYPE_CHECKING:
    from orchestration.staging.denoiser_live import LiveDenoiser

RUNTIME = "onnx"
PIECE_S = 10  # at a time; 8 h take 3.6 s so, 4.3 and 4.7 in pieces of 60 and 300 s (2026-11-22)
DIGITS = 16  # of the digest


class DenoisedBy(NamedTuple):
    """Which denoiser an ECG went through."""

    name: str
    digest: str
    """The first digits of the sha256 of its network's file."""


def check_behind(learned: Mapping[str, str], found: DenoisedBy | None) -> None:
    """A ValueError where a network learned behind a denoiser and stands behind none, or another.

    Args:
        learned: name and digest, as StagingSpec has them; empty where it learned behind none.
    """
    if learned and (found is None or found.digest != learned["digest"]):
        there = f"{found.name} ({found.digest})" if found else "none"
        raise ValueError(
            f"the model learned from ECG that {learned['name']} ({learned['digest']}) had "
            f"denoised, and the denoiser given is {there}. Give the folder of the former with "
            "--denoise (in Python: denoiser=)."
        )


@dataclass(frozen=True)
class Denoiser:
    """A network that takes the noise out of an ECG, and what it must be fed with."""

    spec: DenoiserSpec
    network: Network
    """(N,) float32 scaled samples, N a multiple of the stride -> (1, N) denoised ones."""
    digest: str
    """The first digits of the sha256 of the network's file."""

    @property
    def told(self) -> DenoisedBy:
        """What a result must tell of it."""
        return DenoisedBy(self.spec.name, self.digest)

    def whole(self, samples: np.ndarray, hz: float, scale: EcgScale | None = None) -> np.ndarray:
        """A whole recording without its noise; missing samples stay missing.

        It goes through the network in pieces with so much around each that one pass would give
        the same, to rounding. What lies above 0.45 of the network's rate is lost.

        Args:
            samples: (n,) in any unit, NaN where missing.
            hz: their rate.
            scale: of the recording; estimated from all of it if left out.
        Shapes: returns (n,) float32.
        """
        samples = as_samples(samples)
        check_rate(hz, "the recording to be denoised")
        scale = scale or estimated(samples, hz)
        missing = np.isnan(samples)
        filled = without_gaps(samples, hz, scale.middle)
        at_rate = resample_by_sinc(filled, hz, self.spec.hz)
        if not len(at_rate):
            return samples.copy()
        clean = resample_by_sinc(self.in_pieces(at_rate, scale), self.spec.hz, hz)
        clean = np.pad(clean[: len(samples)], (0, max(0, len(samples) - len(clean))), mode="edge")
        clean[missing] = np.nan
        return clean

    def in_pieces(self, samples: np.ndarray, scale: EcgScale) -> np.ndarray:
        """What the network gives for (n,) samples at its own rate, in their unit; (n,) float32."""
        clean = np.empty(len(samples), np.float32)
        piece, halo = PIECE_S * self.spec.hz // self.spec.stride * self.spec.stride, self.spec.halo
        for first in range(0, len(samples), piece):
            start = max(0, first - halo)
            found = self.at_once(samples[start : first + piece + halo], scale)
            part = clean[first : first + piece]
            part[:] = found[first - start :][: len(part)]
        return clean

    def at_once(self, samples: np.ndarray, scale: EcgScale) -> np.ndarray:
        """The same in one pass; the last sample stands for what lacks to a whole stride."""
        scaled = np.pad(scale.applied(samples), (0, -len(samples) % self.spec.stride), mode="edge")
        return scale.undone(self.network(scaled)[0, : len(samples)])

    def live(self, hz: float = 360.0, scale: EcgScale | None = None) -> "LiveDenoiser":
        """The same for samples as they come, see LiveDenoiser."""
        from orchestration.staging.denoiser_live import LiveDenoiser

        return LiveDenoiser(self, hz, scale)


def load_denoiser(folder: Path | str, threads: int = 1) -> Denoiser:
    """The denoiser of a folder that `python -m orchestration.export` made.

    Args:
        folder: the exported denoiser's.
        threads: how many it may use.

    Raises:
        ValueError: it is no denoiser, or a file was changed.
    """
    folder = Path(folder)
    spec = read_denoiser_spec(folder)
    for name in (CONFIG, spec.file):
        check_file(folder, name)
    try:
        network = RUNTIMES[RUNTIME].open(folder / spec.file, threads)
    except ValueError:
        raise
    except Exception as error:  # of the runtime's own kinds
        reason = " ".join(str(error).split())
        raise ValueError(f"the network of {folder} cannot be opened: {reason}") from error
    return Denoiser(spec, _checked(network, spec), read_sums(folder)[spec.file][:DIGITS])


def as_samples(samples: np.ndarray) -> np.ndarray:
    """Samples of one channel as (n,) float32, NaN where they are no numbers."""
    found = np.asarray(samples, np.float32)
    if found.ndim != 1:
        raise ValueError(f"found samples of shape {found.shape}; give one channel, (n,).")
    return np.where(np.isfinite(found), found, np.float32(np.nan))


def _checked(network: Network, spec: DenoiserSpec) -> Network:
    """A network that gives as many samples as it takes, or says that it does not."""

    def answer(samples: np.ndarray) -> np.ndarray:
        found = network(np.ascontiguousarray(samples, np.float32))
        if found.shape != (1, len(samples)):
            raise ValueError(
                f"the network of {spec.name!r} gave {found.shape} for {len(samples)} samples; it "
                "must give as many. Export the denoiser again."
            )
        return found

    return answer
