"""Keeps the storage's credentials out of what Ray writes; a process reads its own environment."""

import os

CREDENTIALS = frozenset(
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
)


def keep_from_trials() -> None:
    """Stop Ray Tune from copying credentials into the description of every trial.

    That description is written to Ray's logs, which everybody on the machine may read, and shown
    by the dashboard. A trial needs no copy: an embedded Ray inherits the environment, and on a
    cluster every machine has one of its own.
    """
    if CREDENTIALS.isdisjoint(os.environ):
        return
    from ray.tune.execution import class_cache  # Tune takes two seconds to import

    class_cache.ENV_VARS_TO_PROPAGATE = class_cache.ENV_VARS_TO_PROPAGATE - CREDENTIALS
