"""Checks a setup before days are spent on it, and says what a sweep would cost.

    python -m orchestration.doctor --plan NAME --recordings DIR --storage DIR [--FIELD VALUE ...]

One line a check: ok, warn, FAIL or info. The exit code is 2 if something fails. The flags are
those of a sweep, and these:

    --nights N --hours H   estimate for so many nights of so many hours, whatever there is; where
                           there are neither recordings nor ingested nights, for 200 of 8
    --no-timing            leave out what takes longer than seconds: steps timed on a worker

Bytes, steps and hours are bounds that follow from the plan, not promises. `at most`: no trial and
no phase stops early; `at best`: racing and patience stop each as soon as they can.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.arguments import SweepArguments, sweep_arguments
from orchestration.cli import RECORDINGS, UsageError, run

HOURS = 8.0  # of a night, unless said


@dataclass(frozen=True)
class DoctorArguments:
    """What a person asked for, checked."""

    sweep: SweepArguments
    with_recordings: bool  # whether sweep.recordings was given
    nights: int | None  # to estimate for; None: those that there are
    hours: float
    timing: bool


def doctor_arguments(argv: Sequence[str] | None = None) -> DoctorArguments:
    """Parse the command line: a sweep's, but recordings need not be there yet.

    Raises:
        UsageError: as for a sweep; no night, or nights of no length.
    """
    words = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    words.add_argument("--nights", type=int)
    words.add_argument("--hours", type=float, default=HOURS)
    words.add_argument("--no-timing", action="store_true")
    words.add_argument("--recordings", default=os.environ.get(RECORDINGS))
    try:
        given, rest = words.parse_known_args(argv)
    except argparse.ArgumentError as error:
        raise UsageError(f"{error}. See --help.") from None
    if {"-h", "--help"} & set(rest):
        print(f"{__doc__}\n")
    if (given.nights is not None and given.nights < 1) or not given.hours > 0:
        raise UsageError(f"--nights {given.nights} --hours {given.hours}: both must be above 0.")
    return DoctorArguments(
        sweep=sweep_arguments(["--recordings", given.recordings or ".", *rest], "doctor"),
        with_recordings=bool(given.recordings),
        nights=given.nights,
        hours=given.hours,
        timing=not given.no_timing,
    )


def main() -> None:
    """Print every check as it is done."""
    given = doctor_arguments()
    from orchestration.diagnosis import diagnose  # Ray and PyTorch take seconds to import

    failed = 0
    for check in diagnose(
        given.sweep, given.with_recordings, given.nights, given.hours, given.timing
    ):
        print(check, flush=True)
        failed += check.state == "FAIL"
    if failed:
        print(f"{failed} of these checks failed", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    run(main)
