"""Everything that a sweep's test nights show, computed once for all parts of the report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from orchestration.chosen import BASELINE, SIMPLE, Record, best_row
from orchestration.evidence import views
from orchestration.evidence.clinical import agreement_view, night_table
from orchestration.evidence.compared import Found
from orchestration.evidence.formats import table_files
from orchestration.evidence.gains import Gain, gain_table, gains
from orchestration.evidence.likeness_view import likeness_view
from orchestration.evidence.pages_table import pages_table, pages_view
from orchestration.evidence.restaged import PagedRow
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.seeds import SeedGains, SeedRows, SeedScores, seed_gains, seed_scores
from orchestration.evidence.seeds_table import (
    seed_gain_table,
    seed_gain_view,
    seed_table,
    seed_view,
)
from orchestration.evidence.subgroups import Descriptors
from orchestration.evidence.sureness import sureness_table, sureness_view
from orchestration.evidence.tables import (
    Table,
    class_table,
    score_table,
    subgroup_table,
    subject_table,
)
from orchestration.evidence.views import View

VIEWS: Mapping[str, Callable[[Table, str], View]] = {
    "paper": views.paper_view,
    "scores": views.scores_view,
    "classes": views.classes_view,
    "subjects": views.subjects_view,
    "gains": views.gains_view,
    "subgroups": views.subgroups_view,
    "calibration": sureness_view,
    "pages": pages_view,
    "seeds": seed_view,
    "seed-gains": seed_gain_view,
    "likeness": likeness_view,
}


@dataclass(frozen=True, eq=False)
class Evidence:
    """A sweep's record and its rows with every test night; everything else follows from them."""

    record: Record
    rows: tuple[EvidenceRow, ...]
    paged: tuple[PagedRow, ...] = ()
    """Nights of 20 s pages in three ways, where the cohort has any."""
    repeats: SeedRows = field(default_factory=dict)
    """Seed -> rows, the plan's own seed first; empty where methods were trained once."""
    alike: Mapping[str, Found] = field(default_factory=dict)
    """Scheme -> how alike features are to the teacher's."""
    descriptors: Descriptors | None = None
    """What is known of the subjects besides their subset."""
    named: bool = True
    """Whether single nights may be shown and subjects named; False for a report to pass on."""

    @cached_property
    def done(self) -> list[EvidenceRow]:
        """Rows that have a result."""
        return [row for row in self.rows if row.folds]

    @cached_property
    def distinct(self) -> list[EvidenceRow]:
        """The same, each network once: a search may find a point that is in the table anyway."""
        firsts: dict[tuple[str, tuple[str, ...]], tuple[str, str]] = {}
        for row in self.record.rows:
            network = row.scheme, tuple(fold.key for fold in row.folds)
            firsts.setdefault(network, (row.scheme, row.row))
        return [row for row in self.done if (row.scheme, row.name) in set(firsts.values())]

    @cached_property
    def pages(self) -> list[PagedRow]:
        """Rows of 20 s pages that are told of; to pass on, a single person is no group."""
        return [row for row in self.paged if self.named or len(row.people) > 1]

    @property
    def schemes(self) -> list[str]:
        """Schemes of which a row has a result."""
        return list(dict.fromkeys(row.scheme for row in self.done))

    @cached_property
    def best(self) -> Mapping[str, str]:
        """Scheme -> the ECG row that validation subjects chose, where there is one."""
        ecg = {r.scheme for r in self.record.rows if r.view == "student_view" and r.folds}
        return {s: best_row(self.record.rows, s).row for s in self.schemes if s in ecg}

    @cached_property
    def gains(self) -> list[Gain]:
        """Comparisons with the ECG baseline, then with the simple method."""
        share = self.record.test_share
        return [g for rival in (BASELINE, SIMPLE) for g in gains(self.distinct, rival, share)]

    @cached_property
    def seed_scores(self) -> list[SeedScores]:
        """What each method scores under each seed."""
        return seed_scores(self.repeats)

    @cached_property
    def seed_gains(self) -> list[SeedGains]:
        """What each method gains over the ECG baseline under each seed."""
        return seed_gains(self.repeats)

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """The numbers of each table, all schemes."""
        scores = score_table(self.done)
        return {
            "paper": [row for row in scores if row["score"] in views.PAPER],
            "scores": scores,
            "classes": class_table(self.done),
            "subjects": subject_table(self.done) if self.named else [],
            "gains": gain_table(self.gains),
            "subgroups": self._groups(),
            "calibration": sureness_table(self.done),
            "sleep": night_table(self.done) if self.named else [],
            "pages": pages_table(self.pages),
            "seeds": seed_table(self.seed_scores),
            "seed-gains": seed_gain_table(self.seed_gains),
            "likeness": [line for found in self.alike.values() for line in found.table],
        }

    def score(self, scheme: str, name: str, score: str) -> dict[str, Any]:
        """A row's line of the table of scores; the row must have a result."""
        asked = (scheme, name, score)
        lines = self.tables["scores"]
        return next(x for x in lines if (x["scheme"], x["row"], x["score"]) == asked)

    def row(self, scheme: str, name: str) -> EvidenceRow | None:
        """A row by its name; None if it has no result."""
        return next((r for r in self.done if (r.scheme, r.name) == (scheme, name)), None)

    def view(self, name: str, scheme: str) -> View:
        """One of the tables as people read it; without cells where there is nothing to tell."""
        return VIEWS[name](self.tables[name], scheme) if name in VIEWS else self._sleep(scheme)

    def files(self) -> dict[str, bytes]:
        """Every table as Markdown, CSV, LaTeX and JSON: file name -> content."""
        files: dict[str, bytes] = {}
        for scheme in self.schemes:
            for name, table in self.tables.items():
                mine = [row for row in table if row["scheme"] == scheme]
                if not mine:
                    continue
                view = self.view(name, scheme)
                files |= table_files(f"{name}-{scheme}", mine, view.heads, view.cells)
        return files

    def _groups(self) -> Table:
        """Scores of groups of people; to pass on, a single person is no group."""
        found = subgroup_table(self.done, self.descriptors)
        return [line for line in found if self.named or line["people"] > 1]

    def _sleep(self, scheme: str) -> View:
        """Of the network to take home, or the first row where there is none, beside the others."""
        mine = [row for row in self.distinct if row.scheme == scheme]
        home = self.row(scheme, self.best.get(scheme, "")) or mine[0]
        return agreement_view(home, [row for row in mine if row is not home])
