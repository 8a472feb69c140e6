"""What made a result: the code's commit, versions of what it stands on, the command, the data."""

import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
from orchestration.keys import key_of

PACKAGES = ("torch", "ray", "optuna", "numpy", "scipy", "scikit-learn", "pyarrow", "soxr")


def provenance(windows: str, sources: Mapping[str, str]) -> dict[str, Any]:
    """JSON values that name everything a sweep's scores depend on besides its plan.

    Args:
        windows: key of the ingested nights.
        sources: subject -> first digits of the source hash of its night.
    """
    return {
        "version": datasets.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "command": shlex.join(sys.argv),
        "windows": windows,
        "data": key_of(dict(sources)),
    }


def _commit() -> str:
    """The commit that is checked out, marked where files differ from it; "" outside of git."""
    root = Path(__file__).resolve().parents[1]
    try:
        return _git(root, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()
