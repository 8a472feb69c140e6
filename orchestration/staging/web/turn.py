"""A recording's turn: it is read, staged and drawn, and what goes wrong is told in plain words."""

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from orchestration.staging.refusals import Refused
from orchestration.staging.sources import as_recording
from orchestration.staging.spec import StagingSpec
from orchestration.staging.web.dropped import main_file
from orchestration.staging.web.job import Job, State
from orchestration.staging.web.results import Results, results_of
from orchestration.staging.web.uploads import plain

LOGGER = logging.getLogger(__name__)
MEMORY = "There is not enough memory for this recording. Export its ECG channel alone."
OURS = "This failed in a way that was not foreseen ({kind}). The terminal says more."


class StagesEcg(Protocol):
    """What is asked of a Stager."""

    @property
    def spec(self) -> StagingSpec:
        """What its model says of itself."""

    @property
    def stage(self) -> Any:
        """(EcgRecording, **options) -> StagedEcg."""


class Gone(Exception):  # noqa: N818 - it is no error
    """Nobody wants the recording any more."""


def take_turn(
    job: Job, stager: StagesEcg, goes_on: Callable[[State], None]
) -> tuple[State, Sequence[str], Results | None]:
    """How a recording ends: its state, reasons, results.

    Args:
        goes_on: called as each step begins; may raise Gone.
    """
    try:
        return State.DONE, (), _staged(job, stager, goes_on)
    except Refused as refused:
        return State.REFUSED, tuple(refused.reasons), None
    except (ValueError, OSError, ImportError) as error:  # UnusableRecording among them
        said = job.in_plain_words(str(error)) or type(error).__name__
    except MemoryError:
        said = MEMORY
    except Gone:
        raise
    except Exception as error:
        LOGGER.exception("a recording could not be staged")
        said = OURS.format(kind=type(error).__name__)
    return State.FAILED, (said,), None


def _staged(job: Job, stager: StagesEcg, goes_on: Callable[[State], None]) -> Results:
    asked = asdict(job.asked)
    goes_on(State.READING)
    if job.opened is None:
        job.opened = main_file({part.name: part.path for part in job.parts})
    source = {name: asked.pop(name) for name in ("channel", "hz", "unit")}
    recording = replace(as_recording(job.opened, **source), name=plain(job.title))
    goes_on(State.STAGING)
    staged = stager.stage(recording, **asked)
    goes_on(State.DRAWING)
    folder: Path = job.folder / "results"
    shutil.rmtree(folder, ignore_errors=True)  # of a turn that failed
    return results_of(staged, folder)
