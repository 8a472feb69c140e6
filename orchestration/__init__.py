"""The roof: ties `datasets` and `kd_core` together on Ray."""

import importlib.util
from pathlib import Path

_ours = Path(__file__).resolve().parents[1] / "datasets"
_spec = importlib.util.find_spec("datasets")
_found = Path(_spec.origin).resolve().parent if _spec and _spec.origin else None
if _found != _ours:
    raise ImportError(
        f"`import datasets` finds {_found}, but this project's own package is {_ours} "
        f"(Hugging Face has a package of the same name). "
        f"Put the project first: PYTHONPATH={_ours.parent}"
    )
