"""rayjob.yaml holds what KubeRay's own schema allows, and that schema refuses what is wrong.

As `kubectl apply --validate=strict` does, which is its default: a field that the schema does not
name is an error. Pods are checked in test_rayjob.py.
"""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.rayjob_file import BOTH, JOB

FREE = "x-kubernetes-preserve-unknown-fields"
CLUSTER = ("spec", "rayClusterSpec")
HEAD = (*CLUSTER, "headGroupSpec")
WORKERS = (*CLUSTER, "workerGroupSpecs", 0)


def closed(schema: Any) -> Any:
    """The schema with what Kubernetes adds to it: objects have the fields that are named alone."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: closed(item) for name, item in schema.items()}
    if schema.get("type") == "object" and FREE not in schema:
        result.setdefault("additionalProperties", False)
    return result


SCHEMA = closed(yaml.safe_load(Path(__file__).with_name("rayjob_schema.yaml").read_text()))
KUBERAY = jsonschema.Draft202012Validator(SCHEMA)


def changed(*path: str | int, **fields: Any) -> dict[str, Any]:
    """The job with these fields in the object at this place; None takes a field away."""
    job = copy.deepcopy(JOB)
    place: Any = job
    for step in path:
        place = place[step]
    place.update(fields)
    for name in [name for name, value in fields.items() if value is None]:
        del place[name]
    return job


def objects(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where the job's objects are, apart from what is Kubernetes' own: pods and metadata."""
    if isinstance(node, dict):
        yield path
        inside = [item for item in node.items() if (*path, item[0]) != ("metadata",)]
        if path and path[-1] in ("template", "submitterPodTemplate"):
            inside = [item for item in inside if item[0] != "spec"]
    else:
        inside = list(enumerate(node)) if isinstance(node, list) else []
    for name, item in inside:
        yield from objects(item, (*path, name))


def test_the_schema_is_one() -> None:
    KUBERAY.check_schema(SCHEMA)


@pytest.mark.parametrize("job", [JOB, BOTH], ids=["as it is", "with CPUs"])
def test_kuberay_accepts_the_job(job: dict[str, Any]) -> None:
    KUBERAY.validate(job)


@pytest.mark.parametrize("path", list(objects(JOB)), ids=lambda path: ".".join(map(str, path)))
def test_a_field_that_kuberay_does_not_know_is_refused_everywhere(path: tuple[str]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        KUBERAY.validate(changed(*path, unheardOf={}))


WRONG = {
    "a misspelt field of the job": changed("spec", ttlSecondsAfterFinish=300),
    "a misspelt field of the cluster": changed(*CLUSTER, authOption={"mode": "token"}),
    "a field of RayService": changed("spec", rayClusterConfig={}),
    "a misspelt field of the head": changed(*HEAD, servicetype="ClusterIP"),
    "a misspelt field of the workers": changed(*WORKERS, replica=2),
    "a version that YAML takes for a number": changed(*CLUSTER, rayVersion=2.6),
    "a flag of `ray start` that is no text": changed(*HEAD, rayStartParams={"num-cpus": 0}),
    "a number in quotes": changed("spec", backoffLimit="3"),
    "half a machine": changed(*WORKERS, replicas=1.5),
    "a switch that is no boolean": changed(*HEAD, enableIngress="no"),
    "one group of workers instead of several": changed(*CLUSTER, workerGroupSpecs={}),
    "an authentication that is none": changed(*CLUSTER, authOptions={"mode": "password"}),
    "an older version of the API": changed(apiVersion="ray.io/v1alpha1"),
    "no head": changed(*CLUSTER, headGroupSpec=None),
    "a head without pods": changed(*HEAD, template=None),
    "workers without a name": changed(*WORKERS, groupName=None),
    "no spec": changed(spec=None),
}


@pytest.mark.parametrize("job", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused(job: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        KUBERAY.validate(job)


def test_what_the_schema_leaves_to_the_operator_holds() -> None:
    """Its schema takes any text and any number here; the operator refuses the job afterwards."""
    spec = JOB["spec"]
    assert spec["submissionMode"] in {"K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"}
    assert spec["activeDeadlineSeconds"] > 0
    assert spec["backoffLimit"] >= 0
    assert spec["ttlSecondsAfterFinished"] >= 0
    # KubeRay adds to the name; a longer one, or one with a dot, is refused.
    assert re.fullmatch("[a-z]([-a-z0-9]{0,45}[a-z0-9])?", JOB["metadata"]["name"])


def test_kubernetes_accepts_the_metadata() -> None:
    named = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": JOB["metadata"]}
    kubernetes_validate.validate(named, "1.34", strict=True)
