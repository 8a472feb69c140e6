"""What a cluster holds decides how wide a sweep runs; what it cannot hold is an error at once."""

import pytest

from orchestration.cluster import fitted
from orchestration.plan import Runtime

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


def test_open_fields_are_filled_in_from_the_cluster() -> None:
    runtime = fitted(Runtime())
    assert (runtime.gpus, runtime.groups) == (0.0, 2)
    assert fitted(Runtime(workers=2)).groups == 1
    assert fitted(Runtime(groups=1)).groups == 1


@pytest.mark.parametrize("wide", [Runtime(cpus=64), Runtime(workers=3), Runtime(gpus=1.0)])
def test_what_would_wait_for_ever_is_an_error_at_the_start(wide: Runtime) -> None:
    with pytest.raises(ValueError, match="the cluster holds 2 CPU and 0 GPU on 1 node"):
        fitted(wide)
