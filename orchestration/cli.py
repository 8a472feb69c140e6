"""What every script shares: folders from flags, and one line instead of a traceback."""

import argparse
import difflib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

RECORDINGS = "SLEEP_RECORDINGS"  # environment variables that cluster.yaml sets,
STORAGE = "SLEEP_STORAGE"  # so that `ray submit` needs no arguments

GRACE_S = 10.0  # for taking leave after SIGTERM; spot instances have 30 s and more
TERMINATED = "terminated; what is finished is kept: the same command goes on"


class UsageError(ValueError):
    """What a person typed cannot be done; the message says what to type."""


class Terminated(BaseException):
    """SIGTERM came: the machine is being reclaimed, or somebody wants it back."""


KEPT = "what is finished is kept: the same command goes on"


def run(main: Callable[[], None], kept: str = KEPT) -> None:
    """Run a script's main; what a person can mend is one line on stderr and exit code 2.

    Args:
        kept: what a person is told when the script is interrupted.
    """
    end_on_sigterm()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that a terminal cannot show is no error
            stream.reconfigure(errors="backslashreplace")
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(_say(f"interrupted; {kept}", 130))
    except Terminated:
        _leave(_say(TERMINATED, 143))
    except Exception as error:
        cause = _cause(error)
        if os.environ.get("SLEEP_TRACEBACK") or not isinstance(cause, ValueError | OSError):
            raise
        sys.exit(_say(f"error: {' '.join(str(cause).split())}", 2))


def _leave(code: int) -> None:
    """End now, having left Ray: while an interpreter is taken apart no deadline can end it."""
    shutdown = getattr(sys.modules.get("ray"), "shutdown", None)  # it may be half imported yet
    if shutdown:
        shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def end_on_sigterm() -> None:
    """Let SIGTERM end this script as Ctrl-C does; to be said again after Ray has started.

    Where Ray was terminated too, taking leave of it would take a minute, more than a machine that
    is reclaimed may have; after GRACE_S the script just ends.
    """

    def cut_short() -> None:
        os._exit(_say(TERMINATED, 143))

    def end(number: int, frame: object) -> None:
        deadline = threading.Timer(GRACE_S, cut_short)
        deadline.daemon = True
        deadline.start()
        raise Terminated

    signal.signal(signal.SIGTERM, end)


def parser(script: str, description: str | None) -> argparse.ArgumentParser:
    """The command line of a script that works on a storage."""
    made = argparse.ArgumentParser(
        prog=f"python -m orchestration.{script}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--storage", help=f"folder or bucket for everything made (or ${STORAGE})")
    return made


def place(value: str | None, flag: str, variable: str) -> str:
    """A folder or a URL from its flag or, failing that, from the environment.

    Raises:
        UsageError: neither names one.
    """
    given = value or os.environ.get(variable)
    if not given:
        raise UsageError(f"No {flag[2:]} given: type {flag} DIR, or set {variable}.")
    return given if "://" in given else str(Path(given).expanduser().resolve())


def folder(value: str | None, flag: str, variable: str) -> Path:
    """A folder from its flag or, failing that, from the environment.

    Raises:
        UsageError: neither names one.
    """
    return Path(place(value, flag, variable)).resolve()


def reject_unknown(unknown: Sequence[str], known: Sequence[str]) -> None:
    """Stop at the first argument nobody knows, naming the nearest that somebody does.

    Raises:
        UsageError: there is one.
    """
    if unknown:
        flag = unknown[0].split("=")[0]
        near = difflib.get_close_matches(flag, known, 3, 0.5) or list(known)[:3]
        raise UsageError(f"Unknown argument {flag!r}; near it are {', '.join(near)}. See --help.")


def _cause(error: BaseException) -> BaseException:
    """The error a person caused, out of the wrappings that Ray puts around it."""
    failures = list(getattr(error, "worker_failures", {}).values())  # of a worker group
    inner = failures[0] if failures else None
    inner = inner or getattr(error, "cause", None) or getattr(error, "controller_failure", None)
    return _cause(inner) if isinstance(inner, BaseException) else error


def _say(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
