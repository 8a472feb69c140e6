"""What stands in front of a network: nothing, a classical filter, or an exported denoiser.

A front is plain values, so that it travels to another machine, and knows its digest.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from datasets.clean_split import PARTS
from orchestration.denoising.classical import CLASSICAL, FILTERS_MADE, Whole, whole_of
from orchestration.keys import key_of
from orchestration.staging.denoiser import DenoisedBy, load_denoiser
from orchestration.staging.networks import SUMS
from orchestration.staging.spec import CONFIG


@dataclass(frozen=True, kw_only=True)
class Front:
    """One way to treat the ECG before it is staged."""

    name: str
    digest: str
    """What tells whether it is still the same."""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Of an exported denoiser, by name."""
    by: DenoisedBy | None = None
    """Of an exported denoiser: what networks that learned behind it say of it."""
    turn: int | None = None
    """Of an exported denoiser: the turn of the noise whose test part it never heard."""

    @contextmanager
    def opened(self) -> Iterator[Whole]:
        """What to call with samples (n,) and their rate, while the block lasts."""
        if self == BARE:
            yield lambda samples, hz: samples
        elif not self.files:
            yield whole_of(self.name)
        else:
            with tempfile.TemporaryDirectory() as folder:
                for name, content in self.files.items():
                    Path(folder, name).write_bytes(content)
                yield _exported(Path(folder))


BARE = Front(name="none", digest="")


def front_of(text: str) -> Front:
    """The front that a person named: a classical filter, or the folder of a denoiser.

    Raises:
        ValueError: it is neither, or the denoiser cannot be used.
    """
    if text in CLASSICAL:
        return Front(name=text, digest=key_of({"classical": text, "made": FILTERS_MADE}))
    folder = Path(text).expanduser().resolve()
    if not (folder / CONFIG).is_file():
        raise ValueError(
            f"--denoise {text!r} is neither one of {list(CLASSICAL)} nor the folder of a "
            f"denoiser, which holds {CONFIG}. Write one with python -m orchestration.export."
        )
    denoiser = load_denoiser(folder)  # refuses what is none here, not on another machine
    carried = [folder / CONFIG, folder / denoiser.spec.file, folder / SUMS]
    files = {path.name: path.read_bytes() for path in carried if path.is_file()}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    digests.pop(SUMS, None)  # of what only people read too
    told = denoiser.spec.origin.get("noise_turn")
    turn = 0 if told is None else told  # networks that do not say were all trained so
    if not (type(turn) is int and 0 <= turn < PARTS):
        raise ValueError(
            f"{folder / CONFIG}: noise_turn is {turn!r}; allowed are 0 to {PARTS - 1}. "
            "Export the denoiser again."
        )
    name, digest = denoiser.spec.name, key_of({"denoiser": digests})
    return Front(name=name, digest=digest, files=files, by=denoiser.told, turn=turn)


def fronts_of(names: Sequence[str]) -> tuple[Front, ...]:
    """Nothing in front, then each that was named.

    Raises:
        ValueError: one is neither filter nor denoiser, or two that differ have one name.
    """
    fronts = {front.digest: front for front in (BARE, *map(front_of, names))}
    called = [front.name for front in fronts.values()]
    if len(set(called)) < len(called):
        raise ValueError(f"--denoise: {called} are not told apart by name; leave one out.")
    return tuple(fronts.values())


def turn_of(fronts: Sequence[Front]) -> int:
    """The turn of the noise whose test part none of the denoisers heard; 0 without any.

    Raises:
        ValueError: they were trained on different parts of the noise.
    """
    turns = {front.name: front.turn for front in fronts if front.turn is not None}
    if len(set(turns.values())) > 1:
        raise ValueError(
            f"--denoise: what tests one denoiser trained another; turns of the noise are {turns}. "
            "Give those of one fold, or run the stress test once for each."
        )
    return next(iter(turns.values()), 0)


def _exported(folder: Path) -> Whole:
    """An exported denoiser, for signals of any rate and length."""
    denoiser = load_denoiser(folder)

    def denoise(samples: np.ndarray, hz: float) -> np.ndarray:
        return np.asarray(denoiser.whole(samples, hz), samples.dtype)

    return denoise
