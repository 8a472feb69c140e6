"""The report of a finished sweep, made from what is stored: one HTML file, and its tables.

    python -m orchestration.report --storage DIR [--sweep NAME] [--out DIR] [--participants FILE]
        [--note TEXT] [--pass-on]

report.html needs no network; tables/ has each table as Markdown, CSV, LaTeX and JSON. Both go to
--out or, if it is left out, into the storage, beside the sweep's record. --note stands under the
page's title. With --pass-on they show no single night and name no subject, where recordings may
not be passed on but findings may.
"""

from collections.abc import Sequence
from pathlib import Path

from kd_core.confusion import Confusion
from orchestration.chosen import Record, read_record
from orchestration.cli import STORAGE, parser, place, run
from orchestration.evidence.compared import Found, read_likeness
from orchestration.evidence.participants import read_participants
from orchestration.evidence.restaged import read_restaged
from orchestration.evidence.rows import EvidenceRow, read_rows
from orchestration.evidence.seeds import SeedRows
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.subgroups import Descriptors
from orchestration.files import open_files
from orchestration.leaderboard import leaderboard_files, make_row
from orchestration.store import Store

TITLE = "Sleep stages from one ECG lead"


def main() -> None:
    """Write a sweep's report and print its leaderboard; the newest one's if none is named."""
    words = parser("report", __doc__)
    words.add_argument("--sweep", default="", help="name of a sweep; the newest if left out")
    words.add_argument(
        "--out", default="", help="folder for the report; in the storage if left out"
    )
    words.add_argument(
        "--participants", default="", help="table of who the subjects are, as BIDS has it"
    )
    words.add_argument(
        "--pass-on", action="store_true", help="show no single night and name no subject"
    )
    words.add_argument("--note", default="", help="what readers must know of the recordings")
    given = words.parse_args()
    store = Store.existing(place(given.storage, "--storage", STORAGE))
    record = read_record(store, given.sweep)
    rows = read_rows(record.rows, store)
    print(write_leaderboard(record, rows, store))
    page = write_evidence(
        record,
        rows,
        store,
        given.out,
        given.participants,
        named=not given.pass_on,
        note=given.note,
    )
    print(f"Report: {page}")


def write_report(record: Record, store: Store) -> str:
    """Write the leaderboard of a record; what a sweep prints."""
    return write_leaderboard(record, read_rows(record.rows, store), store)


def write_leaderboard(record: Record, rows: Sequence[EvidenceRow], store: Store) -> str:
    """Write leaderboard.md, .csv and .json beside the record; the Markdown and where it lies."""
    made = [
        make_row(row.scheme, row.name, row.point, [_confusions(f) for f in row.folds], row.failed)
        for row in rows
    ]
    files, folder = leaderboard_files(made, _note(record)), f"sweeps/{record.name}"
    for name, content in files.items():
        store.files.write(f"{folder}/{name}", content)
    text = files["leaderboard.md"].decode()
    return f"{text}\nLeaderboard: {store.root}/{folder}/leaderboard.md (also .csv, .json)"


def write_evidence(
    record: Record,
    rows: Sequence[EvidenceRow],
    store: Store,
    out: str = "",
    participants: str = "",
    named: bool = True,
    note: str = "",
) -> str:
    """Write report.html and the files of its tables; where report.html lies."""
    from orchestration.evidence.drawn import drawn  # Matplotlib takes a second to import
    from orchestration.evidence.drawn_search import learning, searched
    from orchestration.evidence.gathered import Evidence
    from orchestration.evidence.page import as_html
    from orchestration.evidence.parts import parts_of
    from orchestration.importances import importances

    evidence = Evidence(
        record,
        tuple(rows),
        paged=tuple(read_restaged(record.rows, rows, store)),
        repeats=_repeats(record, rows, store),
        alike=_alike(record, store),
        descriptors=_described(participants, rows),
        named=named,
    )
    figures = drawn(evidence) | {
        "The search": searched(evidence, importances(record)),
        "Learning": learning(evidence, store),
    }
    made = f"Sweep {record.name}, finished {record.finished_at[:10]}."
    page = as_html(TITLE, f"{note} {made}".strip(), parts_of(evidence, figures))
    contents = {"report.html": page} | {
        f"tables/{name}": content for name, content in evidence.files().items()
    }
    target = open_files(out) if out else store.files
    folder = "" if out else f"sweeps/{record.name}/"
    for name, content in contents.items():
        target.write(f"{folder}{name}", content)
    return f"{target.root}/{folder}report.html"


def _repeats(record: Record, rows: Sequence[EvidenceRow], store: Store) -> SeedRows:
    """Seed -> rows, where methods were trained with several."""
    if not record.repeats:
        return {}
    others = {repeat.seed: read_rows(repeat.rows, store) for repeat in record.repeats}
    return {int(record.plan["seed"]): rows} | others


def _alike(record: Record, store: Store) -> dict[str, Found]:
    """Scheme -> how alike features are to the teacher's, where they were compared."""
    schemes = dict.fromkeys(row.scheme for row in record.rows)
    found = {scheme: read_likeness(record.rows, scheme, store) for scheme in schemes}
    return {scheme: one for scheme, one in found.items() if one}


def _described(participants: str, rows: Sequence[EvidenceRow]) -> Descriptors | None:
    """Subject -> sex, age and more, where a table of them is given."""
    names = {night.subject for row in rows for night in row.nights}
    return read_participants(Path(participants), names) if participants else None


def _confusions(fold: Sequence[StagedNight]) -> list[Confusion]:
    return [night.confusion for night in fold]


def _note(record: Record) -> str:
    """What the tables below are, in two sentences."""
    folds = max((len(row.folds) for row in record.rows), default=0)
    phases = ", ".join(f"{count} {what}" for what, count in record.phases.items())
    return (
        f"Test subjects of {folds} fold(s), mean ± sd over folds, from {record.nights['used']} "
        f"nights ({record.nights['refused']} refused); validation subjects chose. "
        f"Phases: {phases}. Sweep {record.name}."
    )


if __name__ == "__main__":
    run(main)
