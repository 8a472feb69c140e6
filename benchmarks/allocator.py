"""What the allocator's settings that every worker starts with save in a training step on a CPU.

    python -m benchmarks.allocator [--batches 1 4] [--rounds 5] [--out FILE]

glibc reads them when a process starts, so each side is a process of its own, alike but for them;
the two take steps in turns. "With" is the environment of a sweep's workers, as it stands there.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks.side_by_side import (
    ALLOCATOR,
    ROUNDS,
    Compared,
    Way,
    compare,
    put_results,
    with_settings,
    within,
)
from benchmarks.steps import WEIGHTS, networks, some_windows, steps
from kd_core.objectives import Classification
from orchestration.cluster import WORKER_ENV

WARM = 3  # steps of each side before any is timed: the heap has grown to what a step takes
CHILD = "--child"


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    if args.child:
        take_steps(args.batches[0], args.segments)
        return
    with_settings("benchmarks.allocator")
    found = {name: WORKER_ENV.get(name) for name in ALLOCATOR}
    if found != ALLOCATOR:
        raise SystemExit(f"workers start with {found}, the benchmarks with {ALLOCATOR}.")
    put_results([saved(b, args.segments, args.rounds) for b in args.batches], args.out)


def saved(batch: int, segments: int, rounds: int) -> Compared:
    """A step in a process with the settings, against one without."""
    bare = {k: v for k, v in os.environ.items() if k not in ALLOCATOR}
    with ExitStack() as stack:
        ours, other = (
            stack.enter_context(stepping(env, batch, segments)) for env in (bare | ALLOCATOR, bare)
        )
        for _ in range(WARM):
            ours(), other()
        return compare(
            f"a step of `context`, batch {batch}",
            Way("as workers start", ours),
            Way("glibc's own", other),
            1.5 if batch >= 4 else 1.0,  # below, fewer of a step's buffers are mapped anew
            lambda a, b: within(abs(a - b), 0.0, "between the losses"),
            rounds,
        )


@contextmanager
def stepping(env: Mapping[str, str], batch: int, segments: int) -> Iterator[Callable[[], float]]:
    """A process with this environment; each call is one training step in it, and its loss."""
    words = [sys.executable, "-m", "benchmarks.allocator", CHILD, "--batches", str(batch)]
    with subprocess.Popen(
        [*words, "--segments", str(segments)],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        asked, answers = child.stdin, child.stdout

        def step() -> float:
            print(file=asked, flush=True)
            return float(answers.readline())

        yield step
        asked.close()


def take_steps(batch: int, segments: int) -> None:
    """The child: a step for each line that it reads."""
    step = steps(networks("context")[0], Classification(WEIGHTS), some_windows(batch, segments))
    for _ in sys.stdin:
        print(repr(step()), flush=True)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4], help="windows a step")
    parser.add_argument("--segments", type=int, default=35, help="a window")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", default="", help="a file for the results")
    parser.add_argument(CHILD, action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
