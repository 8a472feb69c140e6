"""Which channels are chosen, whatever their order and spelling."""

import pytest

from datasets.mass_leads import Lead, find_ecg, find_eeg
from datasets.recording import UnusableRecording

CLE = ["EEG A1-CLE", "EEG C4-CLE", "EEG A2-CLE", "EEG C3-CLE"]


@pytest.mark.parametrize(
    ("labels", "lead"),
    [
        (CLE, Lead("EEG C3-CLE", "EEG A2-CLE")),
        (CLE[::-1], Lead("EEG C3-CLE", "EEG A2-CLE")),
        (CLE[:2] + CLE[3:], Lead("EEG C4-CLE", "EEG A1-CLE")),
        (["EEG C4-LER", "EEG C3-LER"], Lead("EEG C3-LER")),
        (["EEG C3-CLE", "EEG C3-LER"], Lead("EEG C3-LER")),
        (["eeg  c3-ler "], Lead("eeg  c3-ler ")),
        (["C4-M1", "C3-M2"], Lead("C3-M2")),
        (["EEG C4-A1", "EEG C3-A2"], Lead("EEG C3-A2")),
    ],
)
def test_the_first_eeg_row_that_fits_is_taken(labels: list[str], lead: Lead) -> None:
    assert find_eeg(["EOG Left", *labels, "EMG Chin"], "a PSG.edf") == lead


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        (["ECG ECGIII", "ECG ECGII", "ECG ECGI"], "ECG ECGI"),  # SS4
        (["ECG I"], "ECG I"),  # before V2
        (["ECG", "EKG I"], "EKG I"),
        (["ECG ECGII", "ECG"], "ECG"),
        (["ECG ECGIII", "ECG ECGII"], "ECG ECGII"),
        (["EKG"], "EKG"),
        (["ECG L-ECG R"], "ECG L-ECG R"),
        (["ECG2", "ECG1"], "ECG1"),
        (["ECG2"], "ECG2"),
    ],
)
def test_lead_one_is_taken_before_any_fallback(labels: list[str], label: str) -> None:
    assert find_ecg(["EMG ECGI", *labels], "a PSG.edf") == label


def test_a_night_without_ecg_lists_what_it_has_and_where_to_add_an_alias() -> None:
    with pytest.raises(UnusableRecording, match=r"a PSG.edf has no ECG .*'EEG A1-CLE'.*ECG_LEADS"):
        find_ecg(CLE, "a PSG.edf")


@pytest.mark.parametrize("labels", [[], ["EEG C3-CLE"], ["EEG C3-CLE", "EEG A1-CLE"], ["C3"]])
def test_an_eeg_without_its_reference_is_refused(labels: list[str]) -> None:
    with pytest.raises(UnusableRecording, match=r"has no C3 or C4 EEG .*EEG_LEADS"):
        find_eeg(labels, "a PSG.edf")
