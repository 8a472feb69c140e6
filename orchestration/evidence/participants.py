"""Who the subjects are, read from a table of participants as BIDS has it: sex, age, diagnosis.

A file in; for each subject that it describes, the groups that `subgroups` scores apart, out.
"""

import csv
import io
import math
from collections.abc import Collection, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

from orchestration.evidence.subgroups import Descriptors

IDS = ("participant_id", "subject")  # names of the column of ids; BIDS has the first
UNKNOWN = ("", "n/a")  # BIDS: a value that is not known is n/a
SEXES = {"f": "women", "female": "women", "m": "men", "male": "men"}
AGES = {39: "39 and younger", 59: "40 to 59", 120: "60 and older"}  # years; MASS has 18 to 76
MOST_VALUES = 6  # different values of a column that divides people into groups

Cells = Mapping[str, str]


def read_participants(path: Path, subjects: Collection[str]) -> Descriptors:
    """What a participants table tells of the subjects of a sweep; who is not in it is left out.

    Ids are those of the subjects, with or without the `sub-` and without the hyphens that BIDS
    forbids: 01-01-0001, sub-01-01-0001 and sub-01010001 are the same. Sex becomes women or men,
    age one of AGES; any other column is taken as it is if it divides the subjects into groups:
    MOST_VALUES different values or fewer, each of two subjects on average. Others, such as weight
    or remarks, are left out.

    Source: participants.tsv of the Brain Imaging Data Structure; commas and semicolons part
    columns too.
    Raises:
        ValueError: it cannot be read, names a subject twice, or names none of the subjects.
    """
    table = _read(path)
    ours = {subject: table[_key(subject)] for subject in subjects if _key(subject) in table}
    if not ours:
        raise ValueError(
            f"{path} describes none of the {len(subjects)} subjects of the sweep, such as "
            f"{min(subjects, default='')!r}; it describes {list(table)[:3]} and so on. Give the "
            "table of these people, with the subjects' names as ids."
        )
    heads = [head for head in next(iter(ours.values())) if _divides(head, ours.values())]
    return {
        subject: {head: cells[head] for head in heads if cells[head]}
        for subject, cells in ours.items()
    }


def _read(path: Path) -> dict[str, Cells]:
    """Key of a subject -> what the table tells of it; "" where something is not known."""
    table: dict[str, Cells] = {}
    for line, cells in _rows(path, _text(path)):
        name = cells.pop(next(head for head in cells if head.lower() in IDS))
        if _key(name) in table:
            raise ValueError(
                f"{path}, line {line} describes {name!r}, which a line above does too. "
                "Each participant has one line; remove the others."
            )
        if name:
            table[_key(name)] = {head: _group(path, line, head, cells[head]) for head in cells}
    return table


def _text(path: Path) -> str:
    if not path.is_file():
        raise ValueError(f"{path} is not a file; give a table of participants, TSV or CSV.")
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text: {error}. Save the spreadsheet as UTF-8 CSV or TSV."
        ) from error


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by head of each participant; "" where a value is not known."""
    mark = next((mark for mark in "\t;" if mark in text.partition("\n")[0]), ",")
    reader = csv.reader(io.StringIO(text), delimiter=mark)
    heads = [head.strip() for head in next(reader, [])]
    if not {head.lower() for head in heads} & set(IDS):
        raise ValueError(
            f"{path}, line 1 has no column of ids; it has {heads}, and one of {IDS} is needed. "
            "Name the column of the subjects' names so."
        )
    for row in reader:
        if len(row) > len(heads):
            raise ValueError(
                f"{path}, line {reader.line_num} has {len(row)} cells, but line 1 has "
                f"{len(heads)} heads. Put cells that hold {mark!r} into double quotes."
            )
        known = [cell.strip() if cell.strip().lower() not in UNKNOWN else "" for cell in row]
        if any(known):
            yield reader.line_num, dict(zip_longest(heads, known, fillvalue=""))


def _group(path: Path, line: int, head: str, value: str) -> str:
    """The group that a value puts a participant into."""
    if head.lower() == "sex":
        return SEXES.get(value.lower(), value)
    if head.lower() != "age" or not value:
        return value
    try:
        age = math.floor(float(value.removesuffix("+")))  # BIDS: 89+ stands for 89 and more
        return next(group for last, group in AGES.items() if 0 <= age <= last)
    except (ValueError, OverflowError, StopIteration):
        raise ValueError(
            f"{path}, line {line}: age is {value!r}; it must be years, 0 to {max(AGES)}, or n/a "
            "where it is not known. Correct it."
        ) from None


def _divides(head: str, rows: Collection[Cells]) -> bool:
    """Whether a column parts the subjects into few groups."""
    known = [cells[head] for cells in rows if cells[head]]
    if head.lower() in ("sex", "age"):
        return bool(known)
    shared = len(set(known)) <= min(MOST_VALUES, len(known) / 2)
    return shared and len({cells[head] for cells in rows}) > 1


def _key(name: str) -> str:
    """What the spellings of a subject's name have in common."""
    return name.removeprefix("sub-").replace("-", "")
