"""The tables of a finished sweep, made again from what is stored.

python -m orchestration.report --storage DIR [--sweep NAME]
"""

from orchestration.chosen import Chosen, Record, read_record
from orchestration.cli import STORAGE, folder, parser, run
from orchestration.leaderboard import Row, make_row, write_leaderboard
from orchestration.probabilities import read_confusion
from orchestration.store import Store


def main() -> None:
    """Write and print the leaderboard of a sweep; the newest one if none is named."""
    words = parser("report", __doc__)
    words.add_argument("--sweep", default="", help="name of a sweep; the newest if left out")
    given = words.parse_args()
    store = Store.existing(folder(given.storage, "--storage", STORAGE))
    print(write_report(read_record(store, given.sweep), store))


def write_report(record: Record, store: Store) -> str:
    """Write leaderboard.md, .csv and .json beside the record; the Markdown and where it lies."""
    rows = [_row(chosen, store) for chosen in record.rows]
    target = store.sweep(record.name)
    text = write_leaderboard(target, rows, _note(record, rows))
    return f"{text}\nReport: {target / 'leaderboard.md'} (also .csv, .json)"


def _row(chosen: Chosen, store: Store) -> Row:
    """Scores from the stored probabilities of the row's test subjects."""
    folds = [
        [read_confusion(store, fold.key, subject, chosen.scheme) for subject in fold.test]
        for fold in chosen.folds
    ]
    point = chosen.point.removeprefix(chosen.row).strip()  # the row's name says its method already
    return make_row(chosen.scheme, chosen.row, point, folds, chosen.failed)


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
