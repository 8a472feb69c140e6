"""How many tasks of Ray Data share the files of an ingest."""

import pytest

from orchestration.each import tasks_for


@pytest.mark.parametrize(
    ("files", "cores", "tasks"),
    [
        (1, 2, 1),
        (4, 2, 4),  # a task a file, so that every core has work
        (12, 2, 4),
        (200, 2, 25),  # eight files a task
        (200, 64, 128),
        (200, 128, 200),
        (10_000, 2, 1000),  # each costs the driver
        (10_000, 2000, 1000),
    ],
)
def test_tasks_have_several_files_once_every_core_has_two(
    files: int, cores: int, tasks: int
) -> None:
    assert tasks_for(files, cores) == tasks
