"""What a person sees while a sweep runs, told from its storage: a view on a terminal, or lines.

On a terminal one view says where the job stands, and what else is printed, by Ray's workers too,
scrolls by above it. Everywhere else lines are printed as things happen, and the time left now and
then. TensorBoard's files and MLflow's runs are written by the same looks at the storage. None of
this can end a sweep: what fails is said once, and tried again at a later look.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from orchestration import progress
from orchestration.events import Events
from orchestration.followed import Followed, Seen
from orchestration.left import Left, Pacer
from orchestration.mlflow_log import URI, Runs, masked
from orchestration.store import Store
from orchestration.sweeps import Sweep

LOOK_S = 3.0  # between two looks at a folder
BUCKET_S = 15.0  # between two looks at a bucket, each a few requests
RETRY_S = 60.0  # after something failed
LINE_S = 600.0  # between two lines of time left, where there is no view

Work = Callable[[], object]


class Live:
    """Shows a sweep for as long as the block lasts, from a thread of its own."""

    def __init__(self, store: Store) -> None:
        """Take the sweep's storage; `follow` says which sweep, once its nights are ingested."""
        self.store, self.started = store, time.monotonic()
        self.seen: Seen | None = None
        self.left: Left | None = None
        self._left_at = self._line_at = self.started
        self._trials = self._folds = 0
        self._again_at: dict[str, float] = {}  # what failed -> when it is tried again
        self._view: Any = None
        self._look: Work = lambda: None
        self._close: Work = lambda: None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="live", daemon=True)

    def __enter__(self) -> "Live":
        if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            from rich.live import Live as View

            self._view = View(get_renderable=self._panel, refresh_per_second=1)
            self._view.start()
            progress.shown_elsewhere = True
        return self

    def follow(self, sweep: Sweep, mlflow: str = "") -> None:
        """Look at this sweep from now on.

        Args:
            mlflow: a tracking URI; by default what MLflow's own variable says, if it is set.
        """
        followed, pacer = Followed(sweep, self.store), Pacer(sweep, self.store)
        self._trials = sweep.plan.search.trials * len(sweep.plan.schemes)
        self._folds = len(sweep.folds)
        uses: dict[str, Callable[[Seen], object]] = {
            "Time left": partial(self._estimate, pacer),
            "TensorBoard": Events(sweep.name, self.store).write,
        }
        if uri := mlflow or os.environ.get(URI, ""):
            name, runs = f"MLflow at {masked(uri)}", Runs(uri, sweep.name)
            uses[name] = runs.write
            self._close = lambda: self._try(name, partial(runs.write_rows, sweep.name, self.store))

        def look() -> None:
            self.seen = followed.look()
            for name, use in uses.items():
                self._try(name, partial(use, self.seen))

        self._look = partial(self._try, "Storage", look)
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Look a last time, unless the sweep was cut off: then every second counts."""
        self._ended.set()
        if kind is None and self._thread.is_alive():
            self._thread.join()
        if kind is None:
            self._again_at = dict.fromkeys(self._again_at, 0.0)
            self._look()
            self._close()
        if self._view:
            progress.shown_elsewhere = False
            self._view.stop()

    def _keep_looking(self) -> None:
        while not self._ended.is_set():
            self._look()
            self._ended.wait(BUCKET_S if "://" in self.store.root else LOOK_S)

    def _try(self, name: str, work: Work) -> None:
        """Do it unless it has just failed; if it fails, say so the first time."""
        now = time.monotonic()
        if now < self._again_at.get(name, 0.0):
            return
        try:
            work()
        except Exception as error:  # whatever a client raises: a sweep is worth more than its view
            reason = masked(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
            if name not in self._again_at:
                print(
                    f"warning: {name}: {reason}. The sweep goes on; what is missing is written "
                    "as soon as it can be, at the latest when the same command is typed again.",
                    file=sys.stderr,
                    flush=True,
                )
            self._again_at[name] = time.monotonic() + RETRY_S

    def _estimate(self, pacer: Pacer, seen: Seen) -> None:
        """Have the time left; say it if that is due and there is no view."""
        left, now = pacer.left(seen), time.monotonic()
        if left != self.left:
            self.left, self._left_at = left, now
        if not self._view and left and now - self._line_at > LINE_S:
            print(f"  time left: {self._left_text()}", flush=True)
            self._line_at = now

    def _left_text(self) -> str:
        if not self.left:
            return "known once this run has trained a phase"
        return self.left.text(time.monotonic() - self._left_at)

    def _panel(self) -> Any:
        from orchestration.view import draw

        elapsed_s = time.monotonic() - self.started
        return draw(self.seen, self._trials, self._folds, elapsed_s, self._left_text())
