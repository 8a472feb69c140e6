"""Every channel of a look-alike night: the brain and the heart as a montage would show them.

Takes what the body did page by page and a Layout; gives the channels in file order.
"""

import math

import numpy as np

from datasets.edf_writer import Channel
from datasets.recording import Hypnogram
from datasets.synthetic_layouts import SAMPLES_A_RECORD, Layout
from datasets.synthetic_signals import draw_ecg, draw_eeg

EDGE_S = 3.0  # signal after the last page
LIMIT = {"uV": 500.0, "mV": 5.0}  # of the EEG and of the ECG
UV_IN_MV = 1000.0
EYE_UV = 20.0
EAR_UV = 12.0  # what the ear picks up too and only the derivation takes away


def draw_channels(body: np.ndarray, layout: Layout, rng: np.random.Generator) -> list[Channel]:
    """Every signal of the night, in file order."""
    records, flat = _records(len(body), layout)
    onset_s = layout.lead_in_s + (layout.unscored[0] + np.arange(len(body))) * layout.page_s
    night = Hypnogram(onset_s, layout.page_s, body)
    eeg = draw_eeg(night, records * SAMPLES_A_RECORD, layout.hz, rng)
    ecg = draw_ecg(night, records * layout.ecg_per_record, layout.ecg_hz, rng)
    channels = _eeg_channels(eeg, layout, rng) + _ecg_channels(ecg, layout, rng)
    channels = channels[layout.turn :] + channels[: layout.turn]
    for channel in channels:
        channel.samples[(records - flat) * channel.per_record :] = 0.0
    return channels


def _records(pages: int, layout: Layout) -> tuple[int, int]:
    """Data records of the whole file and of its flat tail."""
    before, after = layout.unscored
    used_s = layout.lead_in_s + (before + pages) * layout.page_s
    flat_s = layout.flat_pages * layout.page_s
    rest_s = after * layout.page_s + (layout.page_s / 2 if layout.outrun_pages else EDGE_S)
    records = math.ceil((used_s + flat_s + rest_s) / layout.record_s)
    flat = records - math.ceil(used_s / layout.record_s) if layout.flat_pages else 0
    return records, flat


def _eeg_channels(eeg: np.ndarray, layout: Layout, rng: np.random.Generator) -> list[Channel]:
    """EEG and eye channels; against CLE the brain shows only after the ear is taken away."""

    def noise(level_uv: float) -> np.ndarray:
        return level_uv * rng.standard_normal(len(eeg), dtype=np.float32)

    if layout.montage == "LER":
        waves = {"EEG C4-LER": 0.9 * eeg + noise(4.0), "EEG C3-LER": eeg}
    else:
        ear = noise(EAR_UV)
        side, other, lobe = ("C3", "C4", "A2") if layout.montage == "C3-A2" else ("C4", "C3", "A1")
        waves = {
            f"EEG {lobe}-CLE": ear,
            f"EEG {other}-CLE": 0.9 * eeg + noise(EAR_UV),  # its own ear is not in the file
            f"EEG {side}-CLE": eeg + ear,
        }
    waves = {"EOG Left Horiz": noise(EYE_UV), **waves}
    return [Channel(x, "uV", wave, LIMIT["uV"], SAMPLES_A_RECORD) for x, wave in waves.items()]


def _ecg_channels(ecg: np.ndarray, layout: Layout, rng: np.random.Generator) -> list[Channel]:
    """The ECG leads; II and III carry the same beats, smaller and noisier."""
    scale = UV_IN_MV if layout.ecg_unit == "uV" else 1.0
    limit, leads = scale * LIMIT["mV"], []
    for label in layout.ecg:
        lead = ecg if label in ("ECG ECGI", "ECG I") else -0.6 * ecg
        if lead is not ecg:
            lead = lead + 0.2 * rng.standard_normal(len(ecg), dtype=np.float32)
        leads.append(Channel(label, layout.ecg_unit, scale * lead, limit, layout.ecg_per_record))
    return leads
