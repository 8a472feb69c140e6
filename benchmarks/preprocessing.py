"""One night of eight hours and 24 channels, from EDF to the store and to scaled windows.

    python -m benchmarks.preprocessing [--folder DIR] [--out FILE]

The peer calls of MNE what psg-utils calls: it reads the three channels that are wanted, resamples
by FFT (psg-utils' polyphase resampling takes whole rates only, so a night of 256.016 Hz would end
two seconds late), scales by scikit-learn's RobustScaler. Naively, MNE loads all channels, then
filters and resamples the three. What comes after the resampling (pages, segments, file) is the
same code on all sides. Nobody filters below 90 Hz, and there the signals are compared. MNE pads
this night so that it shifts by up to half a sample, and to lengths whose FFT is slow; what it does
padded with care is given beside it.
"""

import argparse
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import mne
import numpy as np
from scipy.fft import next_fast_len
from sklearn.preprocessing import RobustScaler

from benchmarks.side_by_side import Compared, Way, compare, put_results, with_settings, within
from datasets.edf import read_signals, signal_labels
from datasets.edf_header import read_header
from datasets.edf_writer import Channel, write_signals
from datasets.mass import find_recordings, read_hypnogram
from datasets.mass_leads import find_ecg, find_eeg
from datasets.night import Night
from datasets.parquet import read_night, read_subject, write_night
from datasets.recording import Recording, RecordingRef, Signal
from datasets.segments import cut_segments
from datasets.signals import RATE_HZ, SCALED_LIMIT
from datasets.synthetic import write_synthetic_mass
from datasets.windows import ScaledNight
from orchestration.ingest import ingest_night
from orchestration.night_files import FOLDER
from orchestration.nights import HASH_DIGITS, open_nights
from orchestration.store import Store

CHANNELS, PAGES = 24, 960
PASS_HZ = 90.0  # up to here no side filters
ALLOWED_DB = -60.0
Read = Callable[[Path, list[str]], np.ndarray]  # a file, channels -> (channels, n) at 200 Hz
ALLOWED_GAIN = 0.5  # %, of quartiles from a part of the samples against those of all


def main() -> None:
    """Both goals, against both peers."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.preprocessing")
    words.add_argument("--folder", type=Path, help="where the night may lie; else a temporary one")
    words.add_argument("--out", default="", help="file for the results")
    given = words.parse_args()
    with_settings("benchmarks.preprocessing")
    mne.set_log_level("ERROR")
    with _folder(given.folder) as folder:
        os.environ[FOLDER] = str(folder / "scaled")
        ref = a_night(folder / "night")
        Store.open(str(folder / "storage"))  # once, as a sweep does
        results = [*stored(ref, folder), *scaled(ref, folder)]
    put_results(results, given.out)


def stored(ref: RecordingRef, folder: Path) -> list[Compared]:
    """From EDF to the store."""
    exact = read_night(peer_stored(ref, folder, exactly))
    return _against_peers(
        "EDF to the store",
        partial(ours_stored, ref, folder),
        partial(peer_stored, ref, folder),
        lambda ours, other: alike(read_night(ours), read_night(other), exact),
    )


def scaled(ref: RecordingRef, folder: Path) -> list[Compared]:
    """From EDF to scaled windows."""
    exact = peer_scaled(ref, folder, exactly)
    return _against_peers(
        "EDF to windows scaled as RobustScaler does",
        partial(ours_scaled, ref, folder),
        partial(peer_scaled, ref, folder),
        lambda ours, other: alike_scaled(ours, other, exact),
    )


def a_night(folder: Path) -> RecordingRef:
    """A generated night of MASS with as many channels as a real one has."""
    if not folder.exists():
        write_synthetic_mass(folder, 1, pages=PAGES, seed=1)
        path = Path(find_recordings(folder)[0].signals)
        header = read_header(path)
        labels = signal_labels(path)
        per_record = {signal.label: signal.per_record for signal in header.signals}
        found = [
            Channel(
                c.label, c.unit, c.samples, float(np.abs(c.samples).max()), per_record[c.label]
            )
            for c in read_signals(path, labels)
        ]
        more = [found[0]._replace(label=f"EEG X{n}-CLE") for n in range(CHANNELS - len(found))]
        half = len(more) // 2
        both = [*more[:half], *found, *more[half:]]
        write_signals(path, datetime(2000, 1, 1, 22), header.record_s, both)
    return find_recordings(folder)[0]


def ours_stored(ref: RecordingRef, folder: Path) -> Path:
    """The product's ingest of a night into a storage that is there; its file."""
    path = folder / "storage" / "windows" / "windows" / f"{ref.subject}.parquet"
    path.unlink(missing_ok=True)  # or it would be kept
    row = ingest_night(asdict(ref), "windows", str(folder / "storage"))
    assert row["status"] == "written", row["reason"]
    return path


def ours_scaled(ref: RecordingRef, folder: Path) -> ScaledNight:
    """Ingested, then opened as a phase opens it."""
    path = ours_stored(ref, folder)
    shutil.rmtree(os.environ[FOLDER], ignore_errors=True)
    store = Store(str(folder / "storage"))
    source = read_subject(path).source_hash[:HASH_DIGITS]
    (night,) = open_nights(store, "windows", {ref.subject: source}, "W-N-R", "night")
    return night


def peer_stored(ref: RecordingRef, folder: Path, read: Read) -> Path:
    """The same file by way of MNE."""
    path = folder / f"{ref.subject}.parquet"
    write_night(path, cut_segments(_recording(ref, read)), "", {})
    return path


def peer_scaled(ref: RecordingRef, folder: Path, read: Read) -> list[np.ndarray]:
    """Scaled windows by way of MNE and scikit-learn, kept as a file; EEG and ECG, (n, S) each."""
    night = cut_segments(_recording(ref, read))
    scaled = [_robust(samples) for samples in (night.eeg, night.ecg)]
    np.save(folder / "peer.npy", np.stack(scaled))
    return scaled


def as_psg_utils(path: Path, labels: list[str]) -> np.ndarray:
    """The wanted channels alone, resampled by FFT; (channels, n) in volts at 200 Hz."""
    samples, hz = _read(path, labels)
    return _resampled(samples, hz, npad="auto")


def naively(path: Path, labels: list[str]) -> np.ndarray:
    """All channels, then a filter for the wanted ones, then as above."""
    raw = mne.io.read_raw_edf(path, preload=True).pick(labels)
    raw.filter(None, PASS_HZ)
    return _resampled(raw.get_data(picks=labels), raw.info["sfreq"], npad="auto")


def exactly(path: Path, labels: list[str]) -> np.ndarray:
    """As above, between paddings that the ratio of the rates leaves whole, and an FFT of 2, 3, 5.

    What MNE pads by itself is rounded: it shifts this night by up to half a sample.
    """
    samples, hz = _read(path, labels)
    whole = Fraction(RATE_HZ / hz).limit_denominator(10_000).denominator
    fast = next_fast_len(-(-samples.shape[1] // whole) + 2) - 2  # wholes, and one on each side
    longer = np.pad(samples, ((0, 0), (0, fast * whole - samples.shape[1])), "edge")
    return _resampled(longer, hz, npad=whole)


PEERS: tuple[tuple[str, Read, float], ...] = (
    ("as psg-utils calls it", as_psg_utils, 8.0),
    ("naively", naively, 12.0),
    ("padded to be exact and fast", exactly, 1.0),
)


def alike(ours: Night, other: Night, exact: Night) -> str:
    """How far both stored nights are from the one that MNE resampled exactly, below PASS_HZ."""
    found = within(_apart(ours, exact), ALLOWED_DB, "dB from MNE's exact one")
    return f"{found}; this one {_apart(other, exact):.3g}"


def alike_scaled(ours: ScaledNight, other: list[np.ndarray], exact: list[np.ndarray]) -> str:
    """By what share both scaled nights differ in gain; what else differs, `alike` has seen."""
    found = within(_gain([ours.eeg, ours.ecg], exact), ALLOWED_GAIN, "% of gain")
    return f"{found}; this one {_gain(other, exact):.3g}"


def _apart(night: Night, exact: Night) -> float:
    assert (night.segment == exact.segment).all()
    return max(difference_db(night.eeg, exact.eeg), difference_db(night.ecg, exact.ecg))


def _gain(signals: list[np.ndarray], exact: list[np.ndarray]) -> float:
    """The largest difference in gain of a signal, %."""
    pairs = [(a.astype(float), b) for a, b in zip(signals, exact, strict=True)]
    return max(100 * abs(float(np.vdot(a, b) / np.vdot(b, b)) - 1) for a, b in pairs)


def difference_db(a: np.ndarray, b: np.ndarray) -> float:
    """Power of a - b over that of b up to PASS_HZ, of segments that follow each other."""
    spectra = [np.abs(np.fft.rfft(x.astype(np.float64).ravel())) for x in (a - b, b)]
    kept = np.fft.rfftfreq(a.size, 1 / RATE_HZ) <= PASS_HZ
    error, signal = (float(np.sum(spectrum[kept] ** 2)) for spectrum in spectra)
    return 10 * math.log10(error / signal) if error else -math.inf


def _against_peers(
    what: str,
    ours: Callable[[], Any],
    peer: Callable[[Read], Any],
    agree: Callable[[Any, Any], str],
) -> list[Compared]:
    """Ours against every row of PEERS."""
    return [
        compare(what, Way("ours", ours), Way(f"MNE {how}", partial(peer, read)), asked, agree)
        for how, read, asked in PEERS
    ]


def _read(path: Path, labels: list[str]) -> tuple[np.ndarray, float]:
    """(channels, n) in volts, and their rate."""
    raw = mne.io.read_raw_edf(path, include=labels, preload=False)
    samples: np.ndarray = raw.get_data(picks=labels)
    return samples, float(raw.info["sfreq"])


def _resampled(samples: np.ndarray, hz: float, npad: int | str) -> np.ndarray:
    found: np.ndarray = mne.filter.resample(samples, up=RATE_HZ, down=hz, method="fft", npad=npad)
    return found


def _recording(ref: RecordingRef, read: Read) -> Recording:
    """The night of MASS with signals that somebody else has read; its pages as we read them."""
    path = Path(ref.signals)
    labels = signal_labels(path)
    lead, ecg_label = find_eeg(labels, path.name), find_ecg(labels, path.name)
    assert lead.minus
    plus, minus, ecg = read(path, [lead.plus, lead.minus, ecg_label])
    return Recording(
        ref.subject,
        ref.subset,
        ref.person,
        Signal(f"{lead.plus} - {lead.minus}", 1e6 * (plus - minus), RATE_HZ, "uV"),
        Signal(ecg_label, 1e3 * ecg, RATE_HZ, "mV"),
        read_hypnogram(path, Path(ref.annotations)),
    )


def _robust(samples: np.ndarray) -> np.ndarray:
    scaled = RobustScaler().fit_transform(samples.reshape(-1, 1)).reshape(samples.shape)
    return np.asarray(np.clip(scaled, -SCALED_LIMIT, SCALED_LIMIT))


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or one that goes when it is no longer needed."""
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


if __name__ == "__main__":
    main()
