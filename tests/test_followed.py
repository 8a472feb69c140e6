"""A sweep is seen in its storage: its stage, what is trained, what became of its trials."""

from pathlib import Path

from orchestration.followed import Followed
from orchestration.leases import Lease
from tests.pretended import fixed_phases, pretended, publish, search_round


def test_the_stage_follows_from_what_is_there(tmp_path: Path) -> None:
    sweep, store = pretended(tmp_path)
    followed, stages = Followed(sweep, store), []
    stages.append(followed.look().stage)
    for phase in fixed_phases(sweep):
        publish(phase, store)
    stages.append(followed.look().stage)  # the test nights of the baselines
    search_round(sweep, store)
    stages.append(followed.look().stage)  # also between two rounds
    assert stages == ["baselines", "scoring", "search W-N-R"]


def test_phases_are_finished_or_in_training(tmp_path: Path) -> None:
    sweep, store = pretended(tmp_path)
    teacher, student, *_ = fixed_phases(sweep)
    publish(teacher, store)
    leases = [Lease(store.files, name) for name in (student.key, "0123456789abcdef")]
    assert all(lease.try_acquire() for lease in leases)
    seen = Followed(sweep, store).look()
    assert list(seen.done) == [teacher.key]
    assert list(seen.busy) == [student.key]  # the other phase is of another sweep
    assert seen.fixed == (0, 2)
    for lease in leases:
        lease.release()
    publish(student, store)
    assert Followed(sweep, store).look().fixed == (1, 2)


def test_an_experiment_that_diverged_is_over(tmp_path: Path) -> None:
    sweep, store = pretended(tmp_path)
    store.keep_failure(fixed_phases(sweep)[0].key, "NaN")
    assert Followed(sweep, store).look().fixed == (1, 2)


def test_trials_have_the_folds_that_are_done(tmp_path: Path) -> None:
    sweep, store = pretended(tmp_path)
    third = search_round(sweep, store)[2]
    followed = Followed(sweep, store)
    first, failed, waiting = followed.look().trials
    assert [first.ended.state, failed.ended.state] == ["COMPLETE", "FAIL"]  # type: ignore[union-attr]
    assert (waiting.number, waiting.scores, waiting.busy) == (third.number, (), False)
    for phase in followed._drawn["W-N-R", third.number][0]:
        publish(phase, store, score=0.625)
    running = followed.look().trials[2]
    assert (running.scores, running.busy) == ((0.625,), True)
