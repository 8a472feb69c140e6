"""The command line of denoisers: what is wrong is one line, told before a cluster is started."""

import json
from pathlib import Path

import numpy as np
import pytest

from orchestration import denoise
from orchestration.cli import UsageError
from orchestration.denoising.arguments import DenoiseArguments, denoise_arguments
from orchestration.denoising.plan import DENOISING_PLANS, smoke
from orchestration.denoising.written import staged_under_noise
from tests.forked import typed
from tests.wfdb_folders import write_noise, write_record


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """What --clean, --noise, --storage and --out need; the last two are not there yet."""
    made = {name: tmp_path / name for name in ("clean", "noise", "storage", "out")}
    for name in ("clean", "noise"):
        made[name].mkdir()
    return made


def words(folders: dict[str, Path], *others: str) -> list[str]:
    return [*(f"--{name}={path}" for name, path in folders.items()), *others]


def parsed(folders: dict[str, Path], *others: str) -> DenoiseArguments:
    return denoise_arguments(words(folders, *others))


def test_any_field_of_the_plan_is_a_flag(folders: dict[str, Path]) -> None:
    given = parsed(
        folders, "--plan", "smoke", "--training.epochs", "1", "--search.beta", "1e-4", "1e-3",
        "--most-outside", "0.2", "--no-varied",
    )  # fmt: skip
    plan = given.plan
    assert (plan.training.epochs, plan.search.beta) == (1, (1e-4, 1e-3))
    assert (plan.most_outside, plan.varied, plan.student) == (0.2, False, smoke().student)
    assert (given.clean, given.noise) == ((folders["clean"],), folders["noise"])
    assert (given.storage, given.out) == (str(folders["storage"]), folders["out"])


def test_several_databases_are_given_one_after_another(folders: dict[str, Path]) -> None:
    clean, noise = folders["clean"], folders["noise"]
    given = denoise_arguments(
        ["--clean", f"{clean}", f"{noise}", *words(folders)[1:], "--stress", __file__, __file__]
    )
    assert given.clean == (clean, noise)
    assert given.stress == (Path(__file__), Path(__file__))
    assert given.name == "default"


def test_the_storage_may_come_from_the_environment(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEP_STORAGE", "s3://bucket/place")
    del folders["storage"]
    assert parsed(folders).storage == "s3://bucket/place"


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (["--plan", "smok"], r"no plan 'smok'; choose from \['default', 'paper', 'pilot', 'smo"),
        (["--training.epoch", "3"], "--training.epoch'.*--training.epochs"),
        (["--plam", "smoke"], "--plam'.*--plan"),
        (["--training.epochs", "many"], "--training.epochs: invalid literal"),
        (["--layers", "decoder9"], "needs the tap 'decoder9'.*'decoder1'.*Choose from"),
        (["--search.layers", "decoder", "nose"], "needs the tap 'nose'"),
        (["--student", "gpt"], r"student: \['gpt'\].*u-lde-net"),
        (["--schemes", "group 9"], r"schemes: \['group 9'\].*groups 1-3"),
        (["--most-outside", "0"], "most_outside is 0.0; it must be above 0"),
        (["--use-folds", "6"], "use_folds is 6; it must be 0"),
        (["--search.beta", "0", "1"], "search.beta is .*above 0"),
        (["--teacher-rate", "1"], "teacher_rate is 1.0; it must be 0 or more, below 1"),
        (["--teacher-optimizer", "lion"], r"teacher_optimizer: \['lion'\].*adam"),
        (["--training.augment", "flip"], "denoisers have --varied"),
        (["--clean", "nowhere"], "--clean: there is no folder .*/nowhere; give one with WFDB"),
        (["--noise", "nowhere"], "--noise: there is no folder .*/nowhere"),
        (["--noise", __file__], "--noise: there is no folder"),
        (["--stress", "nowhere.json"], "--stress: there is no file .*nowhere.json.*stress_test"),
    ],
)
def test_a_wrong_flag_is_one_line_that_says_what_is_allowed(
    others: list[str], said: str, folders: dict[str, Path]
) -> None:
    with pytest.raises(UsageError, match=said) as error:
        parsed(folders, *others)
    assert "\n" not in str(error.value)


def test_what_lacks_is_named(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLEEP_STORAGE", raising=False)
    with pytest.raises(UsageError, match="Lacking: --clean DIR, --noise DIR, --out DIR"):
        denoise_arguments([])
    del folders["storage"]
    with pytest.raises(UsageError, match="type --storage DIR, or set SLEEP_STORAGE"):
        parsed(folders)


def test_every_plan_and_every_field_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        denoise_arguments(["--help"], about="What it is for.")
    said = capsys.readouterr().out
    for word in ("What it is for.", *DENOISING_PLANS, "--stress", "--search.beta", "--layers"):
        assert word in said


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("no record", r"folder clean holds no WFDB record \(\*.hea\)"),
        ("no noise", r"folder noise lacks \['ma.hea', 'em.hea', 'bw.hea'\]"),
        ("half a stress test", r"stress.json is no stress.json of .*KeyError 'scheme'"),
    ],
)
def test_what_is_wrong_with_a_folder_is_told_before_a_cluster_is_started(
    fault: str, said: str, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stress = folders["clean"] / "stress.json"
    stress.write_text(json.dumps({"conditions": [{"row": "SD+CL"}]}))
    if fault != "no record":
        write_record(folders["clean"], "a", {"I": np.tile([0.0, 1.0], 360)})
    if fault != "no noise":
        write_noise(folders["noise"], seconds=20)
    others = ["--stress", str(stress)] if fault == "half a stress test" else []
    monkeypatch.setattr("sys.argv", ["denoise", *words(folders, *others)])
    monkeypatch.setattr("orchestration.cluster.connect", lambda runtime: pytest.fail("started"))
    with pytest.raises(ValueError, match=said):
        denoise.main()
    assert not folders["out"].exists()


def test_a_stress_test_without_a_denoiser_has_nothing_to_show(tmp_path: Path) -> None:
    path = tmp_path / "stress.json"
    path.write_text('{"conditions": []}')
    with pytest.raises(ValueError, match=r"no denoiser was in front.*--denoise"):
        staged_under_noise([path])


def test_the_command_says_it_in_one_line(folders: dict[str, Path], tmp_path: Path) -> None:
    assert typed(tmp_path, "orchestration.denoise", *words(folders, "--plan", "smoke")) == 2
    said = (tmp_path / "stderr").read_text()
    assert said.startswith("error: folder clean holds no WFDB record")
    assert said.count("\n") == 1
