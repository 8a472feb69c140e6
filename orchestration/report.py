"""The tables of a finished sweep, made again from what is stored.

python -m orchestration.report --storage DIR [--sweep NAME]
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from kd_core.confusion import Confusion
from orchestration.chosen import Chosen, Record, read_record
from orchestration.cli import STORAGE, parser, place, run
from orchestration.leaderboard import Row, leaderboard_files, make_row
from orchestration.probabilities import read_confusion
from orchestration.store import READERS, Store


def main() -> None:
    """Write and print the leaderboard of a sweep; the newest one if none is named."""
    words = parser("report", __doc__)
    words.add_argument("--sweep", default="", help="name of a sweep; the newest if left out")
    given = words.parse_args()
    store = Store.existing(place(given.storage, "--storage", STORAGE))
    print(write_report(read_record(store, given.sweep), store))


def write_report(record: Record, store: Store) -> str:
    """Write leaderboard.md, .csv and .json beside the record; the Markdown and where it lies."""
    rows = [_row(chosen, store) for chosen in record.rows]
    files, folder = leaderboard_files(rows, _note(record, rows)), f"sweeps/{record.name}"
    for name, content in files.items():
        store.files.write(f"{folder}/{name}", content)
    text = files["leaderboard.md"].decode()
    return f"{text}\nReport: {store.root}/{folder}/leaderboard.md (also .csv, .json)"


def _row(chosen: Chosen, store: Store) -> Row:
    """Scores from the stored probabilities of the row's test subjects."""
    with ThreadPoolExecutor(READERS) as pool:
        folds = [
            list(pool.map(partial(_confusion, store, fold.key, chosen.scheme), fold.test))
            for fold in chosen.folds
        ]
    point = chosen.point.removeprefix(chosen.row).strip()  # the row's name says its method already
    return make_row(chosen.scheme, chosen.row, point, folds, chosen.failed)


def _confusion(store: Store, key: str, scheme: str, subject: str) -> Confusion:
    return read_confusion(store, key, subject, scheme)


def _note(record: Record, rows: list[Row]) -> str:
    """What the tables below are, in two sentences."""
    folds = max((row["folds"] for row in rows), default=0)
    phases = ", ".join(f"{count} {what}" for what, count in record.phases.items())
    return (
        f"Test subjects of {folds} fold(s), mean ± sd over folds, from {record.nights['used']} "
        f"nights ({record.nights['refused']} refused); validation subjects chose. "
        f"Phases: {phases}. Sweep {record.name}."
    )


if __name__ == "__main__":
    run(main)
