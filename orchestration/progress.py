"""One line a finished fold of a trial, so that a person sees the search move."""

from typing import Any

from ray import tune

from orchestration.space import point_in
from orchestration.study import Study

shown_elsewhere = False  # while `orchestration.live` draws a view, which has folds and ends in it


class TrialLines(tune.Callback):  # type: ignore[misc]  # Ray ships no types
    """Prints what Tune hears: the point, the folds done, the running mean, an early end."""

    def __init__(self, study: Study, folds: int) -> None:
        self.study, self.folds = study, folds

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """After each fold."""
        if "score" in result and not shown_elsewhere:
            done = f"fold {result['folds_done']}/{self.folds} score {result['score']:.3f}"
            print(f"  {self._name(trial)}: {done}", flush=True)

    def on_trial_complete(
        self, iteration: int, trials: list[Any], trial: Any, **info: Any
    ) -> None:
        """After the last fold, or when there will be no further one."""
        ended = self.study.ended().get(trial.config["number"])
        if ended and ended.reason:
            print(f"  {self._name(trial)}: {ended.reason}", flush=True)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """After the last try of a trial that could not be run."""
        print(f"  {self._name(trial)}: not finished; the next run tries again", flush=True)

    def _name(self, trial: Any) -> str:
        plan, config = self.study.plan, trial.config
        place = f"trial {config['number']}/{plan.search.trials}"
        return f"{self.study.scheme} {place} {point_in(config, plan)}"
