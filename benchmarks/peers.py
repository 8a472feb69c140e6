"""Other people's sleep stagers, each asked for the stages of one night, in a process of its own.

    PYTHON -P benchmarks/peers.py

PYTHON is one that has them; nothing of this project is imported, nor, by -P, a file beside this
one for a package of its name. A line of JSON comes in on standard input and a line of JSON answers
it on standard output:

    {"load": "YASA, EEG", "ecg_mv": "ecg.npy", "eeg_uv": "eeg.npy", "hz": 256.0}
                                         -> {"version": "yasa 0.8.1"} or {"missing": "why"}
    {"stage": "YASA, EEG"}  -> {"stages": 960, "classes": ["N1", ...], "s": 0.8, "cpu_s": 0.8}

What is imported and loaded is so before it answers `load`; `stage` does nothing but the work.
"""

import datetime
import gc
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, NamedTuple, TextIO

import numpy as np

STAGE_S = 30
FEATURES = {  # those that SleepECG's wrn-gru-mesa takes; for ws-gru-mesa it looks further
    "lookback": 120,
    "lookforward": 150,
    "feature_selection": ["hrv-time", "hrv-frequency", "recording_start_time", "age", "gender"],
    "min_rri": 0.3,
    "max_rri": 2,
    "max_nans": 0.5,
}
START = datetime.time(22, 0)  # the night's; SleepECG's classifiers want it, an age and a gender
AGE, GENDER = 40, 0


class Night(NamedTuple):
    """What there is of one night, in the files of `load`."""

    ecg_mv: np.ndarray
    """(n,) float64."""
    eeg_uv: np.ndarray
    """(n,) float64."""
    hz: float


Stage = Callable[[], Sequence[str]]  # -> the name of each 30 s
Ask = Callable[[Mapping[str, Any]], dict[str, Any]]  # a line -> its answer


def sleepecg_classes(name: str, night: Night) -> Stage:
    """SleepECG from samples to stages, by one of the classifiers that it brings."""
    sleepecg = import_module("sleepecg")

    classifier = sleepecg.load_classifier(name, "SleepECG")
    return lambda: list(sleepecg.stage(classifier, _record(night), return_mode="str"))


def sleepecg_features(night: Night) -> Stage:
    """SleepECG from samples to features alone: with whatever network, it takes longer."""
    sleepecg = import_module("sleepecg")

    def stage() -> Sequence[str]:
        features, *_ = sleepecg.extract_features([_record(night)], **FEATURES)
        return ["none"] * len(features[0])

    return stage


def yasa_eeg(night: Night) -> Stage:
    """YASA from one EEG channel to stages; it reads its classifier's file anew each time."""
    yasa, mne = import_module("yasa"), import_module("mne")

    mne.set_log_level("ERROR")
    raw = mne.io.RawArray(night.eeg_uv[None] * 1e-6, mne.create_info(["C4"], night.hz, "eeg"))
    return lambda: list(yasa.SleepStaging(raw, eeg_name="C4").predict().hypno)


def sleepecg_file(edf: str, out: str) -> Stage:
    """SleepECG from an EDF, which MNE reads for it, to stages."""
    sleepecg, mne = import_module("sleepecg"), import_module("mne")

    mne.set_log_level("ERROR")
    classifier = sleepecg.load_classifier("wrn-gru-mesa", "SleepECG")

    def stage() -> Sequence[str]:
        raw = mne.io.read_raw_edf(edf, include=["ECG I"])
        night = Night(raw.get_data()[0] * 1e3, np.empty(0), raw.info["sfreq"])
        return list(sleepecg.stage(classifier, _record(night), return_mode="str"))

    return stage


def yasa_file(edf: str, out: str) -> Stage:
    """YASA from an EDF, which MNE reads for it, to stages, statistics and a picture."""
    yasa, mne = import_module("yasa"), import_module("mne")
    pyplot = import_module("matplotlib.pyplot")

    mne.set_log_level("ERROR")

    def stage() -> Sequence[str]:
        raw = mne.io.read_raw_edf(edf, include=["EEG C4-M1"], preload=True)
        hypnogram = yasa.SleepStaging(raw, eeg_name="EEG C4-M1").predict()
        hypnogram.sleep_statistics()
        hypnogram.plot_hypnogram()
        pyplot.savefig(os.path.join(out, "yasa.png"))
        pyplot.close()
        return list(hypnogram.hypno)

    return stage


FROM_FILES: dict[str, tuple[str, Callable[[str, str], Stage]]] = {  # an EDF, a folder -> stages
    "SleepECG, three classes, from EDF": ("sleepecg", sleepecg_file),
    "YASA, EEG, from EDF to a picture": ("yasa", yasa_file),
}
PEERS: dict[str, tuple[str, Callable[[Night], Stage]]] = {  # name -> package, how it is loaded
    "SleepECG, three classes": ("sleepecg", partial(sleepecg_classes, "wrn-gru-mesa")),
    "SleepECG, two classes": ("sleepecg", partial(sleepecg_classes, "ws-gru-mesa")),
    "SleepECG, features alone": ("sleepecg", sleepecg_features),
    "YASA, EEG": ("yasa", yasa_eeg),
}


def main() -> None:
    """Answer every line; what peers print goes to standard error."""
    said, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    for answer in answers(sys.stdin):
        print(json.dumps(answer), file=said, flush=True)


def answers(lines: TextIO) -> Iterator[Mapping[str, Any]]:
    """An answer to each line, in its order."""
    ready: dict[str, Stage] = {}
    for line in lines:
        asked = json.loads(line)
        if "load" in asked:
            package, load = _loader(asked)
            try:
                ready[asked["load"]] = load()
                yield {"version": f"{package} {version(package)}"}
            except ImportError as error:
                yield {"missing": str(error)}
            gc.collect()
            gc.freeze()  # what is loaded stays, so a collection has little to look at
            gc.disable()  # as in the process that asks
        else:
            yield _timed(ready[asked["stage"]])
            gc.collect()


@contextmanager
def child(python: str, env: Mapping[str, str] = MappingProxyType({})) -> Iterator[Ask]:
    """That process, from the side that asks it; it ends with the context."""
    one_thread = {"OMP_THREAD_LIMIT": "1"}  # LightGBM takes more where it may
    with subprocess.Popen(
        [python, "-P", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **one_thread, **env},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asking, answering = process.stdin, process.stdout

        def ask(question: Mapping[str, Any]) -> dict[str, Any]:
            print(json.dumps(question), file=asking, flush=True)
            line = answering.readline()
            if not line:
                raise SystemExit(f"the peers' process ended at {question}; it said why above.")
            answer: dict[str, Any] = json.loads(line)
            return answer

        yield ask


def _loader(asked: Mapping[str, Any]) -> tuple[str, Callable[[], Stage]]:
    """The package that is asked for, and what makes it ready."""
    name = asked["load"]
    if name in FROM_FILES:
        package, from_file = FROM_FILES[name]
        return package, partial(from_file, asked["edf"], asked["out"])
    package, load = PEERS[name]
    return package, partial(load, _night(asked))


def _timed(stage: Stage) -> dict[str, Any]:
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    stages = stage()
    s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    classes = sorted({str(name) for name in stages})
    return {"stages": len(stages), "classes": classes, "s": s, "cpu_s": cpu_s}


def _night(asked: Mapping[str, Any]) -> Night:
    return Night(_samples(asked["ecg_mv"]), _samples(asked["eeg_uv"]), asked["hz"])


@cache
def _samples(path: str) -> np.ndarray:
    """A file's samples, read once for all peers."""
    samples: np.ndarray = np.load(path).astype(np.float64)
    return samples


def _record(night: Night) -> Any:
    """What SleepECG stages: the beats that it finds."""
    sleepecg = import_module("sleepecg")
    return sleepecg.SleepRecord(
        sleep_stage_duration=STAGE_S,
        recording_start_time=START,
        heartbeat_times=sleepecg.detect_heartbeats(night.ecg_mv, night.hz) / night.hz,
        subject_data=sleepecg.SubjectData(gender=GENDER, age=AGE),
    )


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "torch")  # what SleepECG's classifiers are read with
    main()
