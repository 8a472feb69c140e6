"""Recordings that the page was given, from the upload to the results: one is staged at a time."""

import secrets
import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from orchestration.staging.web.asked import Asked
from orchestration.staging.web.job import AT_WORK, ENDED, Job, Part, State, parts_of
from orchestration.staging.web.results import Results
from orchestration.staging.web.turn import Gone, StagesEcg, take_turn
from orchestration.staging.web.uploads import Body, Refusal, check_room, receive, total

MOST = 100  # recordings that are kept; the oldest that has ended makes room
KEPT_S = 3600.0  # for which an upload is kept that is not staged and not asked for
SWEPT_S = 60.0
FAREWELL_S = 3.0  # for which the end waits for what is being staged


class Jobs:
    """All recordings and the thread that stages them, in a folder that is theirs."""

    def __init__(self, stager: StagesEcg, folder: Path) -> None:
        self.folder = folder
        self._stager = stager
        self._jobs: dict[str, Job] = {}  # the oldest first
        self._queue: list[Job] = []
        self._changed = threading.Condition()
        self._closing = False
        self._worker = threading.Thread(target=self._work, name="staging", daemon=True)
        self._worker.start()

    def create(self, files: Sequence[tuple[str, int]], asked: Asked) -> Job:
        """A record whose files, by name and size, will be uploaded; refused where they may not."""
        size = total([size for _, size in files])
        with self._changed:
            check_room(self.folder, size, sum(job.expected for job in self._jobs.values()))
            self._make_room()
            name = secrets.token_hex(16)
            folder = self.folder / name
            folder.mkdir(mode=0o700)
            self._jobs[name] = job = Job(name, folder, parts_of(files, folder), asked)
            return job

    def receive(self, name: str, number: int, length: int, body: Body) -> Job:
        """Take one file of a record; after the last one it waits for its turn."""
        with self._changed:
            job = self._job(name)
            part = job.awaited(number, length)
            part.receiving = True
        try:
            receive(body, part.size, part.path)
        except Refusal as refusal:
            self._end(job, State.FAILED, [str(refusal)])
            raise
        else:
            return self._arrived(name, part)
        finally:
            with self._changed:
                part.receiving = False

    def again(self, name: str, asked: Asked) -> Job:
        """Stage what was refused or failed in another way; its upload is still there."""
        with self._changed:
            job = self._job(name)
            if not job.may_go_again:
                raise Refusal(HTTPStatus.CONFLICT, "Its upload is gone. Choose the file again.")
            job.asked, job.reasons = asked, ()
            self._enqueue(job)
            return job

    def told(self, name: str) -> Any:
        """What the page is told of a recording."""
        with self._changed:
            job = self._job(name)
            busy = sum(other.state in AT_WORK for other in self._jobs.values())
            waits = job in self._queue
            return job.told(self._queue.index(job) + busy if waits else 0)

    def file(self, name: str, wanted: str) -> Path:
        """A file of the results, which is one of those that were listed when they were made."""
        with self._changed:
            results = self._job(name).results
        if results is None or wanted not in results.files:
            raise Refusal(HTTPStatus.NOT_FOUND, "There is no such file.")
        return results.files[wanted]

    def remove(self, name: str) -> None:
        """Forget a recording and delete all that is kept of it."""
        with self._changed:
            job = self._jobs.pop(self._job(name).id)
            if job in self._queue:
                self._queue.remove(job)
            if job.state not in AT_WORK:
                shutil.rmtree(job.folder, ignore_errors=True)

    def close(self) -> None:
        """Stop, and delete everything."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._worker.join(FAREWELL_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _work(self) -> None:
        """Stage one recording after another until the end."""
        while (job := self._next()) is not None:
            with suppress(Gone):
                outcome = take_turn(job, self._stager, partial(self._on, job))
                self._end(job, *outcome)
            with self._changed:
                if job.id not in self._jobs:
                    shutil.rmtree(job.folder, ignore_errors=True)

    def _next(self) -> Job | None:
        """The recording whose turn it is, once there is one; None at the end."""
        with self._changed:
            while not (self._queue or self._closing):
                self._changed.wait(SWEPT_S)
                self._sweep()
            return None if self._closing else self._queue.pop(0)

    def _on(self, job: Job, state: State) -> None:
        """The next step of a recording begins, if it is still wanted."""
        with self._changed:
            if self._closing or job.id not in self._jobs:
                raise Gone
            job.state = state

    def _end(
        self, job: Job, state: State, reasons: Sequence[str], results: Results | None = None
    ) -> None:
        """A recording has come to an end; an upload that is no longer needed goes."""
        with self._changed:
            job.state, job.reasons, job.results = state, reasons, results
            job.touched = time.monotonic()
            if not job.may_go_again or results:
                for part in job.parts:
                    part.path.unlink(missing_ok=True)

    def _arrived(self, name: str, part: Part) -> Job:
        """All of a file has come; refused if its recording was removed meanwhile."""
        with self._changed:
            job = self._job(name)
            part.there = True
            if all(part.there for part in job.parts):
                self._enqueue(job)
            return job

    def _enqueue(self, job: Job) -> None:
        job.state = State.WAITING
        self._queue.append(job)
        self._changed.notify_all()

    def _job(self, name: str) -> Job:
        """The recording of this name, which is not forgotten as long as somebody asks for it."""
        if name not in self._jobs:
            raise Refusal(HTTPStatus.NOT_FOUND, "This recording is not here any more.")
        job = self._jobs[name]
        job.touched = time.monotonic()
        return job

    def _make_room(self) -> None:
        """Forget the oldest that has ended where there are too many."""
        if len(self._jobs) < MOST:
            return
        ended = next((name for name, job in self._jobs.items() if job.state in ENDED), None)
        if ended is None:
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS, f"{MOST} recordings are waiting; wait for some."
            )
        self.remove(ended)

    def _sweep(self) -> None:
        """Delete uploads that nobody came back for; results stay until the end."""
        before = time.monotonic() - KEPT_S
        waits = (State.UPLOADING, State.REFUSED, State.FAILED)
        for name, job in list(self._jobs.items()):
            if job.state in waits and not job.receiving and job.touched < before:
                self.remove(name)
