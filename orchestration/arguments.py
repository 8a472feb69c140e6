"""The command line of a sweep: a plan's name, two folders, and any field of the plan as a flag."""

import argparse
import contextlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import tyro

from datasets.sources import SOURCES
from orchestration.cli import RECORDINGS, STORAGE, UsageError, folder, place, reject_unknown
from orchestration.plan import Plan
from orchestration.plans import PLANS

P = TypeVar("P", bound=Any)  # a dataclass: a plan
PLAN_OPTIONS = ("--plan", "--source", "--recordings", "--storage", "--denoise")


@dataclass(frozen=True)
class SweepArguments:
    """What a person asked for, checked."""

    name: str  # of the plan that was started from
    plan: Plan
    source: str  # a row of SOURCES
    recordings: Path
    storage: str  # a folder or a URL
    denoise: Path | None = None  # folder of an exported denoiser, which the ECG goes through


def sweep_arguments(argv: Sequence[str] | None = None, script: str = "sweep") -> SweepArguments:
    """Parse the command line; folders not given come from SLEEP_RECORDINGS and SLEEP_STORAGE.

    Args:
        script: whose name the help shows.

    Raises:
        UsageError: an unknown plan or flag, a value of the wrong type, no folder.
    """
    parser = _parser(script)
    given, rest = parser.parse_known_args(argv)
    if given.plan not in PLANS:
        raise UsageError(f"There is no plan {given.plan!r}; choose from {sorted(PLANS)}.")
    if given.source not in SOURCES:
        raise UsageError(f"There is no source {given.source!r}; choose from {sorted(SOURCES)}.")
    if given.help:
        parser.print_help()
        print("\nFields of the plan, each a flag:\n")
        rest = ["--help"]
    plan = overridden(PLANS[given.plan](), rest, PLAN_OPTIONS)
    return SweepArguments(
        given.plan,
        plan,
        given.source,
        folder(given.recordings, "--recordings", RECORDINGS),
        place(given.storage, "--storage", STORAGE),
        folder(given.denoise, "--denoise", "") if given.denoise else None,
    )


def describe(value: Any, indent: str = "  ") -> str:
    """A resolved plan, one field a line, for people."""
    lines = []
    for item in fields(value):
        held = getattr(value, item.name)
        if is_dataclass(held):
            lines += [f"{indent}{item.name}", describe(held, indent + "  ")]
        else:
            shown = " ".join(map(str, held)) if isinstance(held, tuple) else held
            lines.append(f"{indent}{item.name:<14} {shown}")
    return "\n".join(lines)


def _parser(script: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m orchestration.{script}", add_help=False, allow_abbrev=False
    )
    parser.add_argument(
        "-h", "--help", action="store_true", help="show this and the plan's fields"
    )
    parser.add_argument("--plan", default="default", help=f"one of {', '.join(PLANS)}")
    parser.add_argument("--source", default="mass", help=f"one of {', '.join(SOURCES)}")
    parser.add_argument("--recordings", help=f"folder of recordings (or ${RECORDINGS})")
    parser.add_argument("--storage", help=f"folder or bucket for everything made (or ${STORAGE})")
    parser.add_argument(
        "--denoise", default="", help="exported denoiser, which the ECG of all nights goes through"
    )
    return parser


def overridden(plan: P, flags: Sequence[str], options: Sequence[str]) -> P:
    """The plan with some of its fields replaced, each checked against its type.

    Args:
        options: what else a person could have meant by a flag that nobody knows.

    Raises:
        UsageError: an unknown flag, or a value of the wrong type.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            changed, unknown = tyro.cli(
                type(plan), default=plan, args=flags, return_unknown_args=True, description=""
            )
    except SystemExit as stop:
        if stop.code:
            raise UsageError(_first_sentence(said.getvalue())) from None
        raise
    reject_unknown(unknown, [*options, *_flags(plan)])
    return changed


def _flags(value: Any, prefix: str = "--") -> list[str]:
    """Every flag that tyro makes of a dataclass."""
    names = []
    for item in fields(value):
        held, flag = getattr(value, item.name), prefix + item.name.replace("_", "-")
        names += _flags(held, f"{flag}.") if is_dataclass(held) else [flag]
    return names


def _first_sentence(box: str) -> str:
    """What tyro says inside the box it draws, up to the box's first rule."""
    inside = re.findall(r"│ (.*?) *│", box)
    message = " ".join(inside).split("───")[0].strip()
    return f"{message} See --help." if message else " ".join(box.split())
