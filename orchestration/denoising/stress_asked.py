"""What staging under noise asks of a finished sweep: which rows, whose nights, in which files."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from datasets.noise import KINDS, Noise
from datasets.parquet import Subject, read_subject
from orchestration.chosen import BASELINE, Chosen, best_row
from orchestration.denoising.stress_fronts import BARE, Front
from orchestration.denoising.stress_store import Asked, Condition
from orchestration.probabilities import missing
from orchestration.store import READERS, Store


def stressed_rows(rows: Sequence[Chosen], name: str = "") -> list[Chosen]:
    """The rows of that name; without one, each scheme's distilled row and its ECG baseline.

    Of distilled rows it is the one that is best by validation; test scores play no part.

    Raises:
        ValueError: no row that reads ECG has that name and a result.
    """
    able = [row for row in rows if row.view == "student_view" and row.folds]
    if name:
        found = [row for row in able if row.row == name]
        if not found:
            raise ValueError(
                f"The sweep has no finished row {name!r} that reads ECG with a network; it has "
                f"{sorted({row.row for row in able})}."
            )
        return found
    found = []
    for scheme in dict.fromkeys(row.scheme for row in able):
        distilled = [row for row in able if row.scheme == scheme and row.row != BASELINE]
        found += [best_row(distilled, scheme)] if distilled else []
        found += [row for row in able if (row.scheme, row.row) == (scheme, BASELINE)]
    if not found:
        raise ValueError("The sweep has no finished row that reads ECG with a network.")
    return found


def subjects_of(rows: Sequence[Chosen], store: Store) -> dict[str, Subject]:
    """The nights that the rows were tested on, by name, as they are now.

    Raises:
        ValueError: one was ingested anew after the sweep, or its scores are gone.
    """
    spec = json.loads(store.read_phase(rows[0].folds[0].key, "spec.json"))
    tested = {name: fold.key for row in rows for fold in row.folds for name in fold.test}
    paths = [f"windows/{spec['windows']}/{name}.parquet" for name in tested]
    with ThreadPoolExecutor(READERS) as pool:
        subjects = list(pool.map(partial(_footer, store), paths))
        scored = pool.map(
            lambda pair: not missing(store, pair[0], [pair[1]]),
            zip(tested.values(), subjects, strict=True),
        )
        changed = [s.name for s, same in zip(subjects, scored, strict=True) if not same]
    if changed:
        raise ValueError(
            f"{changed[0]} and {len(changed) - 1} more nights in {store.root} are not those that "
            "the sweep scored. Type the command of the sweep again, which scores them anew."
        )
    return dict(zip(tested, subjects, strict=True))


def learned_behind(row: Chosen, store: Store, fronts: Sequence[Front]) -> str:
    """The name of the front that a row's networks learned behind.

    Raises:
        ValueError: it is a denoiser that is not among them.
    """
    told = json.loads(store.read_phase(row.folds[0].key, "spec.json")).get("denoiser")
    if told is None:
        return BARE.name
    for front in fronts:
        if front.by is not None and front.by.digest == told["digest"]:
            return front.name
    raise ValueError(
        f"{row.row} of {row.scheme} learned behind {told['name']} ({told['digest']}), which "
        "is not among the denoisers given. Give its folder too, with --denoise."
    )


def asked_of(
    row: Chosen, subjects: Mapping[str, Subject], noise: str, condition: Condition
) -> list[Asked]:
    """The files of a row in one condition: each fold's network on its own test nights."""
    return [
        Asked(fold.key, subjects[name], noise, condition)
        for fold in row.folds
        for name in fold.test
    ]


def by_night(asked: Sequence[Asked]) -> list[list[Asked]]:
    """The files of each night together, in their order, none twice."""
    nights: dict[str, dict[str, Asked]] = {}
    for one in asked:
        nights.setdefault(one.subject.name, {})[one.path] = one
    return [list(files.values()) for files in nights.values()]


def digest_of(noise: Noise) -> str:
    """What tells whether noise is the same: sixteen hex digits over its samples."""
    content = hashlib.sha256()
    for kind in KINDS:
        signal = noise.signals[kind]
        content.update(f"{kind} {signal.shape} {signal.dtype} ".encode())
        content.update(signal.tobytes())
    return content.hexdigest()[:16]


def _footer(store: Store, path: str) -> Subject:
    try:
        with store.files.opened(path) as file:
            return read_subject(file)
    except FileNotFoundError:
        raise ValueError(
            f"{store.root} lacks {path}, a night that the sweep was tested on. Prepare the "
            "recordings again."
        ) from None
