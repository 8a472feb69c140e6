"""Participants tables as people have them: BIDS, spreadsheets, and tables with mistakes."""

from pathlib import Path

import pytest

from orchestration.evidence.participants import read_participants

SUBJECTS = ("01-01-0001", "01-01-0002", "01-02-0001", "01-02-0002", "01-02-0003")
BIDS = """participant_id\tage\tsex\tmci\tbmi\tspecies
sub-01010001\t39.9\tF\tyes\t21.5\thomo sapiens
sub-01010002\t40\tmale\tno\t22.5\thomo sapiens
sub-01020001\t89+\tFemale\tn/a\t23.5\thomo sapiens
sub-01020002\tn/a\tN/A\tno\t24.5\thomo sapiens
sub-01020003\t76\tother\tno\t25.5\thomo sapiens
"""


def written(folder: Path, text: str, name: str = "participants.tsv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_sex_age_and_diagnosis_make_groups_and_what_is_unknown_makes_none(tmp_path: Path) -> None:
    assert read_participants(written(tmp_path, BIDS), SUBJECTS) == {
        "01-01-0001": {"age": "39 and younger", "sex": "women", "mci": "yes"},
        "01-01-0002": {"age": "40 to 59", "sex": "men", "mci": "no"},
        "01-02-0001": {"age": "60 and older", "sex": "women"},
        "01-02-0002": {"mci": "no"},
        "01-02-0003": {"age": "60 and older", "sex": "other", "mci": "no"},
    }


@pytest.mark.parametrize(
    "head", ["participant_id,sex", "Subject;Sex", "\ufeffsubject\tsex", "sex,subject"]
)
def test_commas_semicolons_tabs_and_any_place_of_the_ids_will_do(
    tmp_path: Path, head: str
) -> None:
    mark = next(mark for mark in ",;\t" if mark in head)
    cells = ("01-01-0001", '"m"')
    line = mark.join(cells if not head.startswith("sex") else cells[::-1])
    found = read_participants(written(tmp_path, f"{head}\n{line}\n\n{mark}\n"), SUBJECTS)
    assert [list(known.values()) for known in found.values()] == [["men"]]


@pytest.mark.parametrize("name", ["01-01-0001", "sub-01-01-0001", "sub-01010001"])
def test_ids_are_the_subjects_with_or_without_what_bids_asks_for(
    tmp_path: Path, name: str
) -> None:
    path = written(tmp_path, f"participant_id,sex\n{name},f\n")
    assert read_participants(path, SUBJECTS) == {"01-01-0001": {"sex": "women"}}


def test_a_column_of_many_values_or_of_one_divides_nobody(tmp_path: Path) -> None:
    subjects = [f"s{i:02}" for i in range(20)]
    lines = [f"{s},{i},{i % 6},{i % 7},same,{i // 2}" for i, s in enumerate(subjects)]
    path = written(tmp_path, "\n".join(["subject,weight,six,seven,one,ten", *lines]))
    assert {key for known in read_participants(path, subjects).values() for key in known} == {
        "six"
    }


def test_subjects_that_the_table_lacks_are_in_no_group(tmp_path: Path) -> None:
    path = written(tmp_path, "subject,sex\n01-02-0002,M\nelse,F\nno sex\n")
    assert read_participants(path, SUBJECTS) == {"01-02-0002": {"sex": "men"}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,sex\na,m\n", r"line 1 has no column of ids; it has \['name', 'sex'\]"),
        ("", "line 1 has no column of ids"),
        (BIDS + "sub-01-01-0001\t30\n", "line 7 describes 'sub-01-01-0001', which a line above"),
        ("subject,age\n01-01-0001,old\n", "line 2: age is 'old'; it must be years, 0 to 120"),
        ("subject,age\n01-01-0001,-1\n", "age is '-1'"),
        ("subject,age\n01-01-0001,nan\n", "age is 'nan'"),
        ("subject,age\n01-01-0001,inf\n", "age is 'inf'"),
        ("subject,age\n01-01-0001,40,5\n", "line 2 has 3 cells, but line 1 has 2 heads"),
        ("subject,sex\nsub-1,m\n", "describes none of the 5 subjects of the sweep, such as '01-"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        read_participants(written(tmp_path, text), SUBJECTS)
    assert "participants.tsv" in str(error.value)


def test_what_is_no_text_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.xlsx").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(ValueError, match="not UTF-8 text"):
        read_participants(tmp_path / "people.xlsx", SUBJECTS)
    with pytest.raises(ValueError, match="is not a file"):
        read_participants(tmp_path, SUBJECTS)
