"""A checkpoint as one portable folder: ONNX, int8, torch.export, weights, spec, scores, card.

    python -m orchestration.export CHECKPOINT --out DIR [--name NAME] [--calibrate NIGHT...]

CHECKPOINT is a folder that `orchestration.pull` wrote, such as best/W-N-R/best, or any other
checkpoint of a student. ONNX and torch.export are held to torch's answers before the folder
appears; how far int8 is from them is measured and told. A denoiser's checkpoint becomes a folder
with its ONNX alone, held to torch likewise.
"""

import argparse
import importlib.util
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.cli import UsageError, run

if TYPE_CHECKING:
    from orchestration.portable.denoiser import ExportedDenoiser
    from orchestration.portable.exported import Exported

NEEDED = ("onnx", "onnxruntime", "onnxscript")  # besides what training needs


def main() -> None:
    """Export, then say what was written and how well it agrees."""
    given = _arguments().parse_args()
    _check_packages()
    from orchestration.portable.denoiser import export_denoiser, is_denoiser
    from orchestration.portable.exported import export

    checkpoint, out = _path(given.checkpoint), _path(given.out)
    nights = [_path(night) for night in given.calibrate]
    if not is_denoiser(checkpoint):
        print(report(export(checkpoint, out, given.name, nights, given.trained_on)))
        return
    if nights:
        raise UsageError("A denoiser is exported in float32 alone; leave --calibrate out.")
    print(report_denoiser(export_denoiser(checkpoint, out, given.name, given.trained_on)))


def report(done: "Exported") -> str:
    """What was written, for people."""
    from orchestration.portable.words import agreement_words

    model = shlex.quote(str(done.folder))
    denoiser = " --denoise DENOISER" if done.spec.denoiser else ""
    command = f"python -m orchestration.stage NIGHT.edf --model {model}{denoiser} --out DIR"
    use = f"stage with it: {command}"
    return "\n".join([*_files(done), *agreement_words(done.spec), use])


def report_denoiser(done: "ExportedDenoiser") -> str:
    """The same of a denoiser."""
    from orchestration.portable.denoiser_card import agreement_words

    use = f"stage behind it: --denoise {shlex.quote(str(done.folder))} of orchestration.stage"
    return "\n".join([*_files(done), *agreement_words(done.spec), use])


def _files(done: "Exported | ExportedDenoiser") -> list[str]:
    """What it is called, where it lies, and how large each file is."""
    width = max(map(len, done.sizes))
    sizes = (f"  {name:<{width}}  {size / 1e3:>9,.1f} kB" for name, size in done.sizes.items())
    return [f"{done.spec.name}: {done.folder}", *sizes]


def _arguments() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(
        prog="python -m orchestration.export",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words.add_argument("checkpoint", metavar="CHECKPOINT", help="folder of a trained network")
    words.add_argument("--out", required=True, metavar="DIR", help="folder that is made")
    words.add_argument("--name", default="", help="of the model; from its phase if left out")
    words.add_argument(
        "--calibrate",
        nargs="+",
        default=[],
        metavar="NIGHT",
        help="nights of a store (Parquet) or recordings for int8; generated if left out",
    )
    words.add_argument(
        "--trained-on",
        default="",
        metavar="TEXT",
        help="what it was trained on, for the model card",
    )
    return words


def _check_packages() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"export needs {', '.join(missing)}, which is not installed: pip install "
            "'ecg-sleep-distillation[train]'"
        )


def _path(given: str) -> Path:
    return Path(given).expanduser().resolve()


if __name__ == "__main__":
    run(main)
