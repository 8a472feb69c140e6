"""Phases that train nothing, in the place of `orchestration.phases`: the scheduling is left.

`install` is Ray's worker_process_setup_hook, so the code that is measured is the product's own, to
the last line before a phase. The scores are drawn from the phase's key, the files are real in kind
and small.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

PHASE_S = "BENCHMARK_PHASE_S"  # environment variable: how long such a phase sleeps
FILES = {"model.json": 1 << 10, "model.safetensors": 1 << 17, "curve.csv": 1 << 12}  # bytes


class InsteadOfPhases(importlib.abc.MetaPathFinder):
    """Finds this file when orchestration.phases is imported, which imports it only if needed."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """This file for that name, nothing for any other."""
        if fullname != "orchestration.phases":
            return None
        return importlib.util.spec_from_file_location(fullname, __file__)


def install() -> None:
    """Let this process's phases train nothing."""
    sys.meta_path.insert(0, InsteadOfPhases())


def run_phase(phase: Any, upstream: Mapping[str, Path], store: Any, out: Path, *rest: Any) -> None:
    """What a phase leaves, without the phase."""
    time.sleep(float(os.environ.get(PHASE_S, "0")))
    draw = np.random.default_rng(int(phase.key, 16))
    for name, size in FILES.items():
        (out / name).write_bytes(bytes(size))
    names = phase.spec["validation"]
    subjects = {
        name: {"score": float(score)}
        for name, score in zip(names, draw.random(len(names)), strict=True)
    }
    scores = {"score": float(draw.random()), "epoch": 1, "subjects": subjects}
    (out / "scores.json").write_text(json.dumps(scores))
    (out / "spec.json").write_text(json.dumps(phase.spec))
