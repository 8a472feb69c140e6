"""Folders of WFDB records as PhysioNet has them, drawn: clean ECG with its beats, and noise."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from datasets.recording import Hypnogram
from datasets.synthetic_signals import draw_beats, draw_ecg

with warnings.catch_warnings():  # it uses what pandas will drop
    warnings.simplefilter("ignore")
    wfdb = pytest.importorskip("wfdb")

DATA = Path(__file__).parents[2] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="no real recordings here")
GAIN = 1000.0  # steps a mV
BODY = Hypnogram(30.0 * np.arange(2), 30.0, np.zeros(2, np.int8))


def drawn_ecg(seconds: float, hz: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(n,) mV of a drawn heart and the times of its beats in s."""
    samples = round(seconds * hz)
    beats_s, _ = draw_beats(BODY, samples / hz, np.random.default_rng(seed))
    return draw_ecg(BODY, samples, hz, np.random.default_rng(seed)), beats_s[beats_s < seconds]


def write_record(
    folder: Path, name: str, leads: dict[str, np.ndarray], hz: float = 360.0, unit: str = "mV"
) -> Path:
    """A record of leads (n,) in mV, 16 bits; returns its header."""
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings():  # as above
        warnings.simplefilter("ignore")
        wfdb.wrsamp(
            name,
            fs=hz,
            units=[unit] * len(leads),
            sig_name=list(leads),
            p_signal=np.stack([lead.astype(np.float64) for lead in leads.values()], 1),
            fmt=["16"] * len(leads),
            adc_gain=[GAIN] * len(leads),
            baseline=[0] * len(leads),
            write_dir=str(folder),
        )
    return folder / f"{name}.hea"


def write_marks(header: Path, samples: list[int], symbols: list[str], subtypes: list[int]) -> None:
    """Reference annotations beside a header."""
    with warnings.catch_warnings():  # as above
        warnings.simplefilter("ignore")
        wfdb.wrann(
            header.stem,
            "atr",
            np.array(samples),
            symbol=symbols,
            subtype=np.array(subtypes),
            write_dir=str(header.parent),
        )


def write_patients(folder: Path, names: list[str], seconds: float = 30, hz: float = 360.0) -> Path:
    """Annotated records of two leads, each of another heart."""
    for seed, name in enumerate(names):
        ecg, beats_s = drawn_ecg(seconds, hz, seed)
        header = write_record(folder, name, {"MLII": ecg, "V1": -ecg / 2}, hz)
        beats = np.rint(beats_s * hz).astype(int).tolist()
        write_marks(header, [9, *beats], ["+", *"N" * len(beats)], [0] * (len(beats) + 1))
    return folder


def write_noise(folder: Path, seconds: float = 200, hz: float = 360.0) -> Path:
    """Noise whose every sample tells which record, lead and moment it is from: a steady rise.

    Sample k of lead j of the i-th of bw, em, ma is i + j / 2 + k / (4 n) mV, in 16 bits.
    """
    n = round(seconds * hz)
    rise = np.arange(n) / (4 * n)
    for place, kind in enumerate(("bw", "em", "ma")):
        write_record(folder, kind, {"noise1": place + rise, "noise2": place + 0.5 + rise}, hz)
    return folder
