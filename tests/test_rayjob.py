"""rayjob.yaml's pods and network policy are what Kubernetes accepts, locked as far as it allows.

They are checked against Kubernetes' own schemas, unknown fields included; the RayJob around them
against KubeRay's, in test_rayjob_schema.py.
"""

import re
import shlex
from importlib.metadata import version
from typing import Any

import kubernetes_validate
import pytest

from orchestration.sweep import main
from tests.rayjob_file import BOTH, JOB, PODS, POLICY, ROOT, TEXT, templates

KUBERNETES = ("1.28", "1.34")  # of two ages


def test_the_pods_are_submitter_head_and_workers() -> None:
    assert set(PODS) == {"submitter", "head", "gpu", "cpu"}
    assert set(dict(templates(JOB))) == {"submitter", "head", "gpu"}


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("name", PODS)
def test_kubernetes_accepts_the_pods(name: str, kubernetes: str) -> None:
    metadata = PODS[name]["metadata"] | {"name": name}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": PODS[name]["spec"]}
    kubernetes_validate.validate(pod, kubernetes, strict=True)


@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_kubernetes_accepts_the_network_policy(kubernetes: str) -> None:
    kubernetes_validate.validate(POLICY, kubernetes, strict=True)


@pytest.mark.parametrize("pod", PODS.values(), ids=PODS)
def test_a_pod_is_nobody_and_can_do_little(pod: dict[str, Any]) -> None:
    """As the Pod Security Standard `restricted` asks, and with a root file system to read only."""
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert all(set(v) & {"emptyDir", "persistentVolumeClaim"} for v in spec["volumes"])
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("pod", PODS.values(), ids=PODS)
def test_a_pod_writes_only_where_it_may_and_has_limits(pod: dict[str, Any]) -> None:
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    (container,) = pod["spec"]["containers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    home = {item["name"]: item.get("value") for item in container["env"]}["HOME"]
    assert "emptyDir" in volumes[mounts[home]["name"]]
    assert all(mount["name"] in volumes for mount in mounts.values())
    assert {"cpu", "memory"} <= set(container["resources"]["limits"])
    if "/recordings" in mounts:
        assert mounts["/recordings"]["readOnly"] is True
        assert volumes["shared-memory"]["emptyDir"]["medium"] == "Memory"


@pytest.mark.parametrize("name", ["head", "gpu", "cpu"])
def test_objects_fit_into_shared_memory(name: str) -> None:
    cluster = BOTH["spec"]["rayClusterSpec"]
    groups = {group["groupName"]: group for group in cluster["workerGroupSpecs"]}
    group = groups.get(name, cluster["headGroupSpec"])
    volumes = {volume["name"]: volume for volume in group["template"]["spec"]["volumes"]}
    (gibibytes,) = re.findall(r"^(\d+)Gi$", volumes["shared-memory"]["emptyDir"]["sizeLimit"])
    assert int(group["rayStartParams"]["object-store-memory"]) < int(gibibytes) << 30


def test_ray_asks_for_a_token_and_is_the_one_that_is_tested() -> None:
    cluster = JOB["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["rayVersion"] == version("ray")  # 2.52.0 or newer, or KubeRay refuses the token
    assert not re.search("RAY_AUTH", TEXT)


def test_nothing_is_exposed_beyond_the_cluster() -> None:
    head = JOB["spec"]["rayClusterSpec"]["headGroupSpec"]
    assert head["serviceType"] == "ClusterIP"
    assert head["enableIngress"] is False
    assert "hostPort" not in TEXT
    label = POLICY["spec"]["podSelector"]["matchLabels"].items()
    assert all(label <= pod["metadata"]["labels"].items() for pod in PODS.values())
    assert POLICY["spec"]["policyTypes"] == ["Ingress"]
    own, operator = POLICY["spec"]["ingress"]
    assert own["from"] == [{"podSelector": POLICY["spec"]["podSelector"]}]
    assert [port["port"] for port in operator["ports"]] == [8265]


def test_credentials_come_from_a_secret_alone() -> None:
    for name, pod in PODS.items():
        (container,) = pod["spec"]["containers"]
        sources = [{"secretRef": {"name": "sleep-s3"}}] if name != "submitter" else None
        assert container.get("envFrom") == sources
        assert not any(
            item["name"].endswith(("KEY", "KEY_ID", "TOKEN")) for item in container["env"]
        )
    assert not re.search(r"AKIA[0-9A-Z]{16}|s3://[^/\s]*[:@]|[0-9a-f]{32}", TEXT)


def test_the_cluster_goes_away_and_a_lost_one_is_tried_again() -> None:
    spec = JOB["spec"]
    assert spec["shutdownAfterJobFinishes"] is True
    assert spec["backoffLimit"] > 0
    assert spec["submitterPodTemplate"]["spec"]["restartPolicy"] == "Never"
    for group in spec["rayClusterSpec"]["workerGroupSpecs"]:
        assert group["replicas"] == group["minReplicas"] == group["maxReplicas"] > 0


def test_the_entrypoint_is_a_sweep_that_its_pods_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    python, module, script, *words = shlex.split(JOB["spec"]["entrypoint"])
    assert (python, module, script) == ("python", "-m", "orchestration.sweep")
    flags = dict(zip(words[::2], words[1::2], strict=True))
    assert set(flags) == {"--plan", "--recordings", "--storage"}
    assert flags["--storage"].startswith("s3://")
    mounts = PODS["head"]["spec"]["containers"][0]["volumeMounts"]
    assert flags["--recordings"] in {mount["mountPath"] for mount in mounts}
    monkeypatch.setattr("sys.argv", ["sweep", "--plan", flags["--plan"], "--help"])
    with pytest.raises(SystemExit, match="0"):
        main()


def test_the_image_holds_what_the_project_needs() -> None:
    copied = " ".join(re.findall(r"^#   COPY (.*) \S+$", TEXT, flags=re.MULTILINE)).split()
    packages = {path.parent.name for path in ROOT.glob("[a-z]*/__init__.py")} - {"tests"}
    assert set(copied) == packages | {"pyproject.toml", "README.md", "LICENSE"}
