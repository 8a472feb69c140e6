"""A sweep for TensorBoard: event files in its storage, made from what the storage holds; no Ray.

    tensorboard/<sweep>/phases/<phase>-<key>/   terms and scores of every epoch
    tensorboard/<sweep>/trials/<scheme>-0007/   hyperparameters, scores

Only the script that runs the sweep writes them: workers know no sweep and may be killed between
any two epochs, and an object store lets nobody append. A file appears whole and never changes; it
is named by the epochs in it, so whoever looks again writes only those that follow. A finished
phase has its epochs in curve.csv, wherever and by whomever it was trained; in a local folder those
of a phase in training are read as they are kept, and so shown while it runs.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from orchestration.aside import temporary_folder
from orchestration.epochs import Passed, epochs_of, epochs_so_far
from orchestration.experiment import Phase
from orchestration.followed import Seen, SeenTrial
from orchestration.store import Store

FILE = "events.out.tfevents"  # TensorBoard reads files with this in their name, in their order


class Events:
    """The event files of one sweep."""

    def __init__(self, sweep: str, store: Store) -> None:
        """Take the folder of a sweep as it is."""
        self.store, self.folder = store, f"tensorboard/{sweep}"
        self._complete: set[str] = set()  # keys of phases all of whose epochs are written
        self._trials = set(store.files.names(f"{self.folder}/trials"))

    def write(self, seen: Seen) -> None:
        """Write what is new."""
        for key in seen.done.keys() - self._complete:
            self._write_phase(seen.done[key], epochs_of(key, self.store))
            self._complete.add(key)
        for key, phase in seen.busy.items():
            self._write_phase(phase, epochs_so_far(key, self.store))
        for trial in seen.trials:
            name = f"{trial.scheme}-{trial.number:04d}"
            if trial.ended and name not in self._trials:
                content = _event_file(partial(_add_trial, trial=trial))
                self.store.files.create(f"{self.folder}/trials/{name}/{FILE}.0001", content)
                self._trials.add(name)

    def _write_phase(self, phase: Phase, epochs: Sequence[Passed]) -> None:
        folder = f"{self.folder}/phases/{str(phase).replace(' ', '_')}-{phase.key}"
        written = self.store.files.names(folder) if epochs else []
        last = max((int(name.rsplit("-", 1)[1]) for name in written), default=0)
        new = [epoch for epoch in epochs if epoch.epoch > last]
        if new:
            name = f"{FILE}.{new[0].epoch:04d}-{new[-1].epoch:04d}"
            content = _event_file(partial(_add_epochs, epochs=new))
            self.store.files.create(f"{folder}/{name}", content)


def _event_file(add: Callable[[Any], None]) -> bytes:
    """The content of an event file with what `add` gives to its writer."""
    from tensorboardX import SummaryWriter  # two seconds to import

    with temporary_folder() as folder:
        with SummaryWriter(str(folder)) as writer:
            add(writer)
        (file,) = folder.iterdir()
        return file.read_bytes()


def _add_epochs(writer: Any, epochs: Sequence[Passed]) -> None:
    """Scalars of each epoch, dated as if the last one ended now."""
    at_s = time.time() - sum(epoch.seconds for epoch in epochs)
    for epoch in epochs:
        at_s += epoch.seconds
        for tag, value in epoch.values.items():
            writer.add_scalar(tag, value, epoch.epoch, at_s)


def _add_trial(writer: Any, trial: SeenTrial) -> None:
    """A row of the HParams page.

    It is given no list of columns: those of the first trial would be taken for those of all,
    though methods differ in what they depend on; without one TensorBoard unites them.
    """
    from tensorboardX.summary import hparams

    assert trial.ended
    _, start, end = hparams(trial.hyperparameters, {})
    writer.file_writer.add_summary(start)
    for fold, (score, mean) in enumerate(zip(trial.scores, trial.ended.means, strict=True), 1):
        writer.add_scalar("fold_score", score, fold)
        writer.add_scalar("score", mean, fold)
    writer.file_writer.add_summary(end)
