"""The time left: known once a phase is trained, by what its steps have cost."""

from pathlib import Path

import pytest

from orchestration.estimate import needs_of, size_of
from orchestration.followed import Followed
from orchestration.left import Left, Pacer
from orchestration.pace import GROUP_S
from orchestration.store import RUN
from tests.pretended import fixed_phases, pretended, publish


def test_nothing_is_known_before_this_command_has_trained_a_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, store = pretended(tmp_path)
    followed, phase = Followed(sweep, store), fixed_phases(sweep)[0]
    assert Pacer(sweep, store).left(followed.look()) is None
    publish(phase, store)
    monkeypatch.setenv(RUN, "another")
    assert Pacer(sweep, store).left(followed.look()) is None


def test_what_is_left_costs_what_such_steps_have_cost(tmp_path: Path) -> None:
    sweep, store = pretended(tmp_path)
    phases, subjects = fixed_phases(sweep), {subject.name: subject for subject in sweep.subjects}
    publish(phases[0], store)
    left = Pacer(sweep, store).left(Followed(sweep, store).look())
    step_s = 6.0 / (2 * size_of(phases[0], subjects, False).batches)  # of two epochs
    seconds = {True: 0.0, False: 0.0}
    for need in needs_of(sweep, {phases[0].key}, {}, False):
        size = size_of(need.phase, subjects, False)
        seconds[need.searched] += need.times * size.epochs * size.batches * step_s
    assert left
    assert left.phases == 1
    assert left.most_s == pytest.approx(sum(seconds.values()) / 2 + GROUP_S)  # two groups
    assert 0 < left.best_s <= left.most_s


def test_it_is_told_with_what_it_rests_on() -> None:
    left = Left(4000.0, 130.4, 7)
    assert (
        left.text(10.0)
        == "1:06:30 of training at most, 0:02:00 at best, at the pace of 7 phase(s)"
    )
    assert left.text(5000.0) == "under a minute of training, at the pace of 7 phase(s)"
