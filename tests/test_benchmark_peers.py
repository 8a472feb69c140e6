"""The process that runs other people's stagers answers line by line and outlives a wrong one."""

import sys
from pathlib import Path

import numpy as np

from benchmarks.peers import child
from datasets.recording import Hypnogram
from datasets.synthetic_signals import draw_ecg

HZ, PAGES = 128.0, 20


def test_a_peer_is_asked_again_and_again_and_one_that_cannot_be_imported_is_said(
    tmp_path: Path,
) -> None:
    pages = Hypnogram(np.arange(PAGES) * 30.0, 30.0, np.zeros(PAGES, np.int8))
    ecg_mv = draw_ecg(pages, round(PAGES * 30 * HZ), HZ, np.random.default_rng(0))
    np.save(tmp_path / "ecg.npy", ecg_mv)
    files = dict.fromkeys(("ecg_mv", "eeg_uv"), str(tmp_path / "ecg.npy"))
    (tmp_path / "yasa.py").write_text("raise ImportError('none here')")
    with child(sys.executable, {"PYTHONPATH": str(tmp_path)}) as ask:
        assert ask({"load": "YASA, EEG", "hz": HZ, **files}) == {"missing": "none here"}
        assert (
            "sleepecg" in ask({"load": "SleepECG, features alone", "hz": HZ, **files})["version"]
        )
        answers = [ask({"stage": "SleepECG, features alone"}) for _ in range(2)]
    assert [answer["classes"] for answer in answers] == [["none"], ["none"]]
    assert all(answer["stages"] in (PAGES - 1, PAGES) for answer in answers)
