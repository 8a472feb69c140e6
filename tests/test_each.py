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


@pytest.mark.parametrize("cores", [1, 16, 2000])
def test_of_many_files_a_task_has_more_than_eight(cores: int) -> None:
    sizes = shares(100_000, cores)
    assert sum(sizes) == 100_000
    assert max(sizes) <= 100
    assert sizes[-1] == 1
