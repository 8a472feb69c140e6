"""One recording that the page was given: its files, what is asked of it, how far it has come."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any

from orchestration.staging.web.asked import Asked
from orchestration.staging.web.results import Results
from orchestration.staging.web.uploads import Refusal, shown_name, stored


class State(StrEnum):
    """What is being done with a recording, or was."""

    UPLOADING = "uploading"
    WAITING = "waiting"
    READING = "reading"
    STAGING = "staging"
    DRAWING = "drawing"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


ENDED = (State.DONE, State.REFUSED, State.FAILED)
TITLES = {  # options of the command line -> of the page
    "--channel": '"ECG channel"',
    "--hz": '"Samples a second"',
    "--unit": '"Unit of the samples"',
}
AT_WORK = (State.READING, State.STAGING, State.DRAWING)


@dataclass
class Part:
    """One of its files."""

    name: str
    """As the browser calls it: to be shown, never a path."""
    size: int
    """Bytes that were announced."""
    path: Path
    receiving: bool = False
    """Whether its upload is under way."""
    there: bool = False
    """Whether all of it has come."""


@dataclass
class Job:
    """It changes under the lock of its Jobs."""

    id: str
    """Who knows it may see the recording: random, told to the page alone."""
    folder: Path
    parts: Sequence[Part]
    asked: Asked
    state: State = State.UPLOADING
    reasons: Sequence[str] = ()
    """Why it was refused or failed, or why an upload ended."""
    opened: Path | None = None
    """The file that readers open, once it is known."""
    results: Results | None = None
    touched: float = field(default_factory=time.monotonic)
    """When somebody asked for it."""

    @property
    def title(self) -> str:
        """What it is called."""
        headers = [part.name for part in self.parts if part.path.suffix == ".hea"]
        return shown_name(headers[0] if headers else self.parts[0].name)

    @property
    def may_go_again(self) -> bool:
        """Whether it can be staged in another way without another upload."""
        return self.state in (State.REFUSED, State.FAILED) and self.opened is not None

    @property
    def receiving(self) -> bool:
        """Whether an upload is under way."""
        return any(part.receiving for part in self.parts)

    @property
    def expected(self) -> int:
        """Bytes that are still to come."""
        waits = self.state is State.UPLOADING
        return sum(part.size for part in self.parts if waits and not part.there)

    def awaited(self, number: int, length: int) -> Part:
        """The file that an upload of so many bytes may bring; refused where none is awaited."""
        announced = 0 <= number < len(self.parts) and self.state is State.UPLOADING
        if not announced or self.parts[number].there:
            raise Refusal(HTTPStatus.CONFLICT, "This file was not announced, or has come.")
        part = self.parts[number]
        if part.receiving:
            raise Refusal(HTTPStatus.CONFLICT, "This file is already being uploaded.")
        if length != part.size:
            raise Refusal(
                HTTPStatus.BAD_REQUEST,
                f"The file was announced with {part.size} bytes and has {length}. "
                "Was it written to meanwhile? Choose it again.",
            )
        return part

    def told(self, ahead: int) -> Mapping[str, Any]:
        """What the page is told, JSON-able.

        Args:
            ahead: recordings that are staged before it.
        """
        return {
            "id": self.id,
            "title": self.title,
            "state": str(self.state),
            "reasons": list(self.reasons),
            "ahead": ahead,
            "again": self.may_go_again,
            "results": self.results.told if self.results else None,
        }

    def in_plain_words(self, text: str) -> str:
        """A reader's message with the names that the person knows for those on our disk."""
        for part in self.parts:
            for ours in (str(part.path), part.path.name):
                text = text.replace(ours, shown_name(part.name))
        for word, title in TITLES.items():
            text = text.replace(word, title)
        return text


def parts_of(files: Sequence[tuple[str, int]], folder: Path) -> list[Part]:
    """The files of a record, by name and size, and where each of them will lie."""
    return [
        Part(name, size, folder / stored(number, name))
        for number, (name, size) in enumerate(files)
    ]
