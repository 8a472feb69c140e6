"""Sleep stages from ECG files: hypnograms, statistics and a picture for each.

    python -m orchestration.stage NIGHT [NIGHT ...] --model DIR --out DIR
    python -m orchestration.stage --serve --model DIR

NIGHT is an EDF, EDF+, BDF, WFDB, CSV or Parquet file, or a folder of them. --model is a folder
that `python -m orchestration.export` made; so is the denoiser of --denoise, which every ECG then
goes through first. Nothing here needs Ray, PyTorch or a GPU.
"""

import argparse
import sys
from pathlib import Path

from orchestration.cli import UsageError, run

POLARITIES, RUNTIMES = ("auto", "keep", "flip"), ("onnx", "int8", "torch", "program")  # of stager
NO_MODEL = (
    "No --model given, and none comes with the project: one that learned from generated nights, "
    "or from a dozen, would be worth nothing. Make one: `make sweep` (generated nights, to see "
    "how it works) or `python -m orchestration.sweep` on recordings with EEG and stages, then "
    "`python -m orchestration.pull --storage DIR --out BEST` and "
    "`python -m orchestration.export BEST/SCHEME/best --out DIR`."
)


def main() -> None:
    """Stage what was asked for, or serve the page."""
    given = _words().parse_args()
    if not given.model:
        raise UsageError(NO_MODEL)
    if not given.serve and not (given.nights and given.out):
        raise UsageError("Name at least one recording and --out DIR, or --serve. See --help.")
    from orchestration.staging.stager import load  # after --help and what was typed wrong

    stager = load(Path(given.model), given.runtime, given.denoise or None)
    if given.serve:
        from orchestration.staging.web.serve import serve

        serve(stager, port=given.port)
        return
    from orchestration.staging.many import found, stage_all

    options = {name: getattr(given, name) for name in OPTIONS}
    failed = stage_all(stager, found(given.nights), Path(given.out), options)
    sys.exit(1 if failed else 0)


OPTIONS = (
    "channel", "hz", "unit", "output_s", "lights_off", "lights_on", "polarity", "force",
)  # fmt: skip


def _words() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(
        prog="python -m orchestration.stage",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = words.add_argument
    add("nights", nargs="*", metavar="NIGHT", help="file with an ECG, or a folder of such files")
    add("--model", default="", metavar="DIR", help="exported model")
    add(
        "--denoise",
        default="",
        metavar="DIR",
        help="exported denoiser, which the ECG goes through",
    )
    add("--out", default="", metavar="DIR", help="folder that gets the files of every recording")
    add("--channel", default="", help="label of the ECG channel; found by its usual names")
    add("--hz", type=float, help="samples a second, where a file does not tell")
    add("--unit", default="", help="V, mV or uV, where a file does not tell or is wrong")
    add(
        "--every",
        type=int,
        default=30,
        dest="output_s",
        metavar="S",
        help="seconds a stage, 1 to 30 (%(default)s)",
    )
    add("--lights-off", metavar="TIME", help="22:30, or seconds from the first sample")
    add("--lights-on", metavar="TIME", help="06:45, or seconds from the first sample")
    add(
        "--polarity",
        default="auto",
        choices=POLARITIES,
        help="auto turns an ECG that is upside down (%(default)s)",
    )
    add("--force", action="store_true", help="stage what would be refused, and record the reasons")
    add(
        "--runtime",
        default="onnx",
        choices=RUNTIMES,
        help="what runs the network (%(default)s)",
    )
    add("--serve", action="store_true", help="a page on this computer to drop recordings on")
    add("--port", type=int, default=0, help="of that page; a free one if left out")
    return words


if __name__ == "__main__":
    run(main, "the recordings that were staged are kept")
