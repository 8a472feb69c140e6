"""When and where each trial of a study ran: for the report's timeline, and for nothing else.

    runs/<study key>/0007-1763721600.25.json    began, ended (s since 1970, UTC), host

Kept apart from the study, whose files say only what the plan and the scores decide. A trial that
was interrupted has a file for each attempt that came to its end.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

import ray

from orchestration.formats import as_json
from orchestration.study import Study

Ran = dict[str, Any]


def note(study: Study, number: int, began: float) -> None:
    """The trial has run here since `began`, until now."""
    ran: Ran = {
        "began": round(began, 2),
        "ended": round(time.time(), 2),
        "host": ray.util.get_node_ip_address(),
    }
    name = f"{number:04d}-{ran['began']}.json"
    study.files.write(f"{_folder(study)}/{name}", as_json(ran))


def runs_of(study: Study) -> Mapping[int, list[Ran]]:
    """Number -> the runs of every trial, in the order in which they began."""
    found: dict[int, list[Ran]] = {}
    for name in sorted(study.files.names(_folder(study))):
        ran: Ran = json.loads(study.files.read(f"{_folder(study)}/{name}"))
        found.setdefault(int(name[:4]), []).append(ran)
    return found


def _folder(study: Study) -> str:
    return f"runs/{study.key}"
