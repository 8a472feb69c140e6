"""rayjob.yaml as tests read it: the job, its pods and the network policy."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "rayjob.yaml").read_text()
CPU_TITLE = "      # ---- machines without a GPU"


def with_cpus() -> str:
    """The file with its commented machines without a GPU put in force."""
    before, title, rest = TEXT.partition(CPU_TITLE)
    block, end, after = rest.partition("\n---\n")
    return (
        before + title + re.sub(r"^      # ?", "      ", block, flags=re.MULTILINE) + end + after
    )


def documents(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The job and the network policy."""
    job, policy = yaml.safe_load_all(text)
    return job, policy


def templates(job: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod that the job makes."""
    cluster = job["spec"]["rayClusterSpec"]
    yield "submitter", job["spec"]["submitterPodTemplate"]
    yield "head", cluster["headGroupSpec"]["template"]
    for group in cluster["workerGroupSpecs"]:
        yield group["groupName"], group["template"]


JOB, POLICY = documents(TEXT)
BOTH, _ = documents(with_cpus())
PODS = dict(templates(BOTH))
