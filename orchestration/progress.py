"""One line a finished fold of a trial, so that a person sees the search move."""

from typing import Any

from ray import tune


class TrialLines(tune.Callback):  # type: ignore[misc]  # Ray ships no types
    """Prints what Tune hears: the point, the folds done, the running mean."""

    def __init__(self, scheme: str, trials: int, folds: int) -> None:
        self.scheme, self.trials, self.folds = scheme, trials, folds

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """After each fold."""
        if "score" in result:
            done = f"fold {result['folds_done']}/{self.folds} score {result['score']:.3f}"
            print(f"  {self._name(trials, trial)}: {done}", flush=True)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """After the last try of a trial that failed."""
        print(f"  {self._name(trials, trial)}: failed", flush=True)

    def _name(self, trials: list[Any], trial: Any) -> str:
        values = (v if isinstance(v, str) else f"{v:.3g}" for v in trial.config.values())
        place = f"trial {trials.index(trial) + 1}/{self.trials}"
        return f"{self.scheme} {place} {' '.join(values)}"
