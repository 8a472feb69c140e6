"""Whatever a person has in hand, as an EcgRecording: a file, an array, an MNE recording."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from datasets.ecg import EcgRecording
from datasets.ecg_files import read_ecg
from datasets.ecg_leads import find_channel
from datasets.recording import UnusableRecording
from datasets.signals import convert

Source = Path | str | EcgRecording | np.ndarray | Any
"""A file's path, a recording, (n,) samples, or an `mne.io.Raw`."""


def as_recording(
    source: Source, channel: str = "", hz: float | None = None, unit: str = ""
) -> EcgRecording:
    """One ECG channel out of any source.

    Args:
        source: see Source; samples of an array are in mV unless `unit` says otherwise.
        channel: label of the ECG channel; found by its usual names if left out.
        hz: rate of an array, or of a file that does not tell its own.
        unit: "V", "mV" or "uV", where the source does not tell or is wrong.
    """
    if isinstance(source, EcgRecording):
        _refuse_idle("an EcgRecording", channel=channel, hz=hz, unit=unit)
        return source
    if isinstance(source, str | Path):
        return read_ecg(Path(source), channel, hz, unit)
    if isinstance(source, np.ndarray):
        return _of_array(source, channel, hz, unit)
    if hasattr(source, "get_data") and hasattr(source, "info"):
        _refuse_idle("an mne.io.Raw", hz=hz, unit=unit)
        return _of_raw(source, channel)
    raise TypeError(
        f"found {type(source).__name__}; allowed are a path, an EcgRecording, an array of samples "
        "with hz=, or an mne.io.Raw."
    )


def _refuse_idle(what: str, **words: object) -> None:
    """A ValueError where something was given that the source tells itself."""
    given = [name for name, value in words.items() if value]
    if given:
        raise ValueError(f"{', '.join(given)} given, but {what} tells its own. Leave it out.")


def _of_array(samples: np.ndarray, channel: str, hz: float | None, unit: str) -> EcgRecording:
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.number):
        raise ValueError(
            f"found an array {samples.dtype} {samples.shape}; it must hold the samples of one "
            "ECG channel, of shape (n,)."
        )
    if hz is None:
        raise ValueError("an array does not tell its rate; give hz=, in samples a second.")
    in_mv = convert(samples.astype(np.float32), unit or "mV", "mV")
    return EcgRecording(name="recording", label=channel or "ECG", samples=in_mv, hz=float(hz))


def _of_raw(raw: Any, channel: str) -> EcgRecording:
    """One channel of an MNE recording, which keeps all voltages in volts."""
    labels = list(raw.ch_names)
    typed = [
        name for name, kind in zip(labels, raw.get_channel_types(), strict=True) if kind == "ecg"
    ]
    among = labels if channel or not typed else typed
    label = among[find_channel(among, "the MNE recording", channel)]
    data = raw.get_data(picks=[label])[0]
    if not len(data):
        raise UnusableRecording("the MNE recording is empty; it must hold samples.")
    files = [name for name in getattr(raw, "filenames", ()) if name]
    start = raw.info["meas_date"]
    if start:  # of a raw that was cropped, the first sample that is left
        start += timedelta(seconds=float(raw.first_time))
    return EcgRecording(
        name=Path(str(files[0])).stem if files else "recording",
        label=label,
        samples=(data * 1e3).astype(np.float32),
        hz=float(raw.info["sfreq"]),
        start=start.replace(tzinfo=None) if start else None,
    )
