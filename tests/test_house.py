"""The house's rules: arrows point down, Ray stays under the roof, files are small."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("datasets", "kd_core", "orchestration")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
ALLOWED = {  # what a package may import besides the standard library and itself
    "datasets": {"numpy", "pyarrow", "soxr", "wfdb"},
    "kd_core": {"torch", "numpy", "safetensors", "pytorch_optimizer"},
    "orchestration": {
        "datasets",
        "kd_core",
        "ray",
        "optuna",
        "torch",
        "numpy",
        "pyarrow",
        "tyro",
        "fsspec",
        "packaging",
        "scipy",
        "sklearn",
        "matplotlib",
        "jinja2",
        "sleepecg",
        "rich",
        "tensorboardX",
        "mlflow",
        "mne",
        "onnx",
        "onnxruntime",
        "onnxscript",
        "pandas",
        "pywt",
        "soxr",
    },
}
STAGING = {  # what staging needs to start: a recording and an exported model are enough for it
    "numpy",
    "datasets",
    "orchestration",
}
STAGING_LATER = {  # what some of it asks for, where it is used
    "kd_core",
    "matplotlib",
    "mne",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "sleepecg",
    "soxr",
    "torch",
    "wfdb",
}
RAY_FREE = (
    "experiment",
    "plans",
    "files",
    "objects",
    "leases",
    "store",
    "nights",
    "night_files",
    "room",
    "aside",
    "halfway",
    "rows",
    "teaching",
    "results",
    "cohort",
    "estimate",
    "footprint",
    "pace",
    "timing",
    "checks",
    "doctor",
    "race",
    "rounds",
    "study",
    "phases",
    "build",
    "batches",
    "leaderboard",
    "pull",
    "report",
    "chosen",
    "opinions",
    "importances",
    "tried",
    "followed",
    "left",
    "epochs",
    "events",
    "mlflow_log",
    "view",
    "export",
    "stage",
    "task",
    "staging_task",
    "denoising/task",
    "denoising/experiment",
    "denoising/plan",
    "denoising/stored",
    "denoising/tested",
    "denoising/looked_at",
    "denoising/page",
    "denoising/stress_night",
)


def imports(path: Path) -> set[str]:
    """Top-level names of every module that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.add((node.module or "").split(".")[0])
    return names - set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_package_imports_only_what_it_may(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    assert imports(path) <= ALLOWED[package] | {package}


def imports_at_once(path: Path) -> set[str]:
    """Top-level names of the modules that importing a file imports."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names - set(sys.stdlib_module_names)


STAGERS = [path for path in FILES if "staging" in path.parts]
EVIDENCE = [path for path in FILES if path.parent.name == "evidence"]


@pytest.mark.parametrize("name", RAY_FREE)
def test_what_needs_no_ray_imports_none(name: str) -> None:
    assert "ray" not in imports(ROOT / "orchestration" / f"{name}.py")


PORTABLE = [path for path in FILES if path.parent.name == "portable"]


@pytest.mark.parametrize("path", PORTABLE, ids=lambda p: str(p.relative_to(ROOT)))
def test_an_export_needs_no_ray(path: Path) -> None:
    assert not {"ray", "optuna"} & imports(path)


@pytest.mark.parametrize("path", STAGERS, ids=lambda p: str(p.relative_to(ROOT)))
def test_staging_starts_with_numpy_alone(path: Path) -> None:
    assert imports_at_once(path) <= STAGING
    assert imports(path) <= STAGING | STAGING_LATER


@pytest.mark.parametrize("path", EVIDENCE, ids=lambda p: str(p.relative_to(ROOT)))
def test_what_is_stored_is_judged_without_ray_and_without_a_network(path: Path) -> None:
    assert not {"ray", "torch", "optuna"} & imports(path)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_opens_with_a_sentence(path: Path) -> None:
    assert (ast.get_docstring(ast.parse(path.read_text())) or "").strip()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_holds_one_idea_and_a_function_one_screen(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 200
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, f"{path}:{node.lineno} {node.name}"


def test_no_test_folder_shadows_a_package() -> None:
    assert not [p for p in (ROOT / "tests").iterdir() if p.is_dir() and p.name in PACKAGES]
