"""How the tasks of an ingest share its files."""

import pytest

from orchestration.each import shares


@pytest.mark.parametrize(
    ("files", "cores", "sizes"),
    [
        (0, 2, []),
        (1, 2, [1]),
        (4, 2, [1, 1, 1, 1]),  # a task a file, so that every core has work
        (12, 2, [3, 3, 2, 1, 1, 1, 1]),
        (62, 2, [8, 8, 8, 8, 8, 6, 4, 3, 3, 2, 1, 1, 1, 1]),
        (20, 8, [2, 2, *[1] * 16]),
        (200, 100, [1] * 200),
    ],
)
def test_tasks_become_smaller_towards_the_end(files: int, cores: int, sizes: list[int]) -> None:
    assert shares(files, cores) == sizes


@pytest.mark.parametrize("cores", [1, 2, 16, 2000])
@pytest.mark.parametrize("files", [10_000, 100_000])
def test_very_many_files_have_a_thousand_tasks(files: int, cores: int) -> None:
    assert shares(files, cores) == [files // 1000] * 1000  # each costs the driver


@pytest.mark.parametrize("cores", [1, 2, 16, 2000])
@pytest.mark.parametrize("files", [999, 1001, 2000, 7999, 10_001])
def test_no_more_than_a_thousand_tasks_have_every_file_once(files: int, cores: int) -> None:
    sizes = shares(files, cores)
    assert sum(sizes) == files
    assert len(sizes) <= 1000
    assert min(sizes) >= 1
