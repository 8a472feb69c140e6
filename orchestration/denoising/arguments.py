"""The command line of denoisers: folders, a plan's name, and any field of the plan as a flag."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.arguments import overridden
from orchestration.cli import STORAGE, UsageError, place
from orchestration.denoising.plan import DENOISING_PLANS, DenoisingPlan

OPTIONS = ("--plan", "--clean", "--noise", "--storage", "--out", "--stress")


@dataclass(frozen=True)
class DenoiseArguments:
    """What a person asked for, checked."""

    name: str  # of the plan that was started from
    plan: DenoisingPlan
    clean: tuple[Path, ...]  # WFDB folders
    noise: Path
    storage: str  # a folder or a URL
    out: Path
    stress: tuple[Path, ...]  # stress.json files


def denoise_arguments(argv: Sequence[str] | None = None, about: str = "") -> DenoiseArguments:
    """Parse the command line.

    Args:
        about: what the help says first.

    Raises:
        UsageError: an unknown plan or flag, a value of the wrong type, no folder.
    """
    parser = _parser(about)
    given, rest = parser.parse_known_args(argv)
    if given.plan not in DENOISING_PLANS:
        raise UsageError(
            f"There is no plan {given.plan!r}; choose from {sorted(DENOISING_PLANS)}."
        )
    if given.help:
        parser.print_help()
        print("\nFields of the plan, each a flag:\n")
        rest = ["--help"]
    plan = overridden(DENOISING_PLANS[given.plan](), rest, OPTIONS)
    if lacking := [
        f"--{name} DIR" for name in ("clean", "noise", "out") if not getattr(given, name)
    ]:
        raise UsageError(f"Lacking: {', '.join(lacking)}. See --help.")
    return DenoiseArguments(
        given.plan,
        plan,
        tuple(_folder(name, "--clean") for name in given.clean),
        _folder(given.noise, "--noise"),
        place(given.storage, "--storage", STORAGE),
        _path(given.out),
        tuple(stress_file(name, "--stress") for name in given.stress),
    )


def stress_file(name: str, flag: str) -> Path:
    """A file that a person named, which must be there."""
    path = _path(name)
    if not path.is_file():
        raise UsageError(
            f"{flag}: there is no file {path}; give a stress.json, which python -m "
            "orchestration.stress_test writes."
        )
    return path


def _parser(about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestration.denoise",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("-h", "--help", action="store_true", help="show this and the plan's fields")
    add("--plan", default="default", help=f"one of {', '.join(DENOISING_PLANS)}")
    add("--clean", nargs="+", default=[], metavar="DIR", help="WFDB folders of clean ECG")
    add("--noise", default="", metavar="DIR", help="folder with the records bw, em and ma")
    add("--storage", metavar="DIR", help=f"folder or bucket for everything made (or ${STORAGE})")
    add("--out", default="", metavar="DIR", help="folder for table, report and checkpoints")
    add("--stress", nargs="+", default=[], metavar="FILE", help="stress.json of stress tests")
    return parser


def _folder(name: str, flag: str) -> Path:
    """A folder that is there."""
    path = _path(name)
    if not path.is_dir():
        raise UsageError(f"{flag}: there is no folder {path}; give one with WFDB records (*.hea).")
    return path


def _path(name: str) -> Path:
    return Path(name).expanduser().resolve()
