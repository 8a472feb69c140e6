"""Racing: a trial stops once its rival has beaten it on the subjects that both have seen.

Folds differ in how hard they are, so trials are compared subject by subject, never by the means of
different folds: a paired test finds in one or two folds what two means show after all of them.
At a p of a half it is SMAC's rule (Hutter, Hoos & Leyton-Brown 2011), whose challengers go on only
while they are not behind on what both have seen.
"""

from collections.abc import Mapping, Sequence

from scipy.stats import wilcoxon

from orchestration.build import Outcome

Scores = Sequence[Mapping[str, float]]  # for each fold, in order: validation subject -> score
TIE = 1e-9  # what rounding may make of equal sums
FEWEST = 2  # subjects that can decide anything; optuna.pruners.WilcoxonPruner's number


def scores_of(outcomes: Sequence[Outcome]) -> list[dict[str, float]]:
    """What each validation subject scored, fold by fold, in the outcomes that have a result."""
    done = [outcome.validation["subjects"] for outcome in outcomes if not outcome.failed]
    return [{name: subject["score"] for name, subject in fold.items()} for fold in done]


def over(outcomes: Sequence[Outcome], rival: Scores, prune_p: float) -> bool:
    """Whether a trial with these folds has diverged or is beaten: what `walk` stops by."""
    return bool(outcomes[-1].failed) or beaten(scores_of(outcomes), rival, prune_p)


def beaten(ours: Scores, rival: Scores, prune_p: float) -> bool:
    """Whether the rival is better on average, and surely so: p below `prune_p`."""
    pairs = pairs_of(ours, rival)
    behind = sum(theirs - mine for mine, theirs in pairs) > TIE
    return behind and chance(pairs) < prune_p


def pairs_of(ours: Scores, rival: Scores) -> list[tuple[float, float]]:
    """Both scores of every subject of every fold that both have finished."""
    return [
        (fold[name], other[name])
        for fold, other in zip(ours, rival, strict=False)
        for name in sorted(fold.keys() & other.keys())
    ]


def chance(pairs: Sequence[tuple[float, float]]) -> float:
    """The p-value of a trial at least as good as its rival falling so far behind; 1 of too few.

    Source: one-sided Wilcoxon signed-rank test with split zeros, the rule of Optuna's
    WilcoxonPruner (optuna 5.0, pruners/_wilcoxon.py).
    Differs: both means are over the subjects that both have seen, not the rival's over all of its.
    """
    if len(pairs) < FEWEST:
        return 1.0
    differences = [mine - theirs for mine, theirs in pairs]
    return float(wilcoxon(differences, alternative="less", zero_method="zsplit").pvalue)
