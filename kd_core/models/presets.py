"""The named networks: each preset is a function that gives a spec.

Those that tell classes apart take their number and have five levels; those that denoise have four.
So the taps of any two for the same task pair by name. What each costs and sees is printed by
`python -m kd_core.models`.
"""

from dataclasses import replace

from kd_core.models.lde_spec import LdeSpec
from kd_core.models.utime_spec import UTimeSpec


def reference(classes: int) -> UTimeSpec:
    """The released code's network: made for one segment at a time, sees seconds."""
    return UTimeSpec(classes=classes)


def context(classes: int) -> UTimeSpec:
    """As wide as `reference`, but pools so long that the bottleneck sees four minutes."""
    return replace(reference(classes), pools=(10, 5, 5, 4, 3), up_kernel=None)


def context_half(classes: int) -> UTimeSpec:
    """`context` with half the channels in every level."""
    wide = context(classes)
    filters = tuple(width // 2 for width in wide.filters)
    return replace(wide, filters=filters, bottleneck=wide.bottleneck // 2)


def compact(classes: int) -> UTimeSpec:
    """A student for CPUs: after a strided stem everything runs at 10 Hz.

    Beats are still told apart by less than the stride of 100 ms, as the stem's channels differ in
    what they look for within it.
    """
    return UTimeSpec(
        classes=classes,
        stem_kernel=40,
        stem_stride=20,
        filters=(16, 16, 24, 32, 48),
        bottleneck=64,
        pools=(5, 5, 3, 2, 2),
        up_kernel=1,
    )


def tiny(classes: int) -> UTimeSpec:
    """`compact` in fewer channels: for tests and the smoke plan."""
    return replace(compact(classes), filters=(8, 8, 16, 16, 16), bottleneck=16)


def u_lde_net() -> LdeSpec:
    """The light denoiser: 6,895 parameters, 6.6 million multiply-accumulates for 10 s."""
    return LdeSpec()


def u_lde_net_teacher() -> LdeSpec:
    """The same topology, wider, with longer kernels and no groups: 28 times the parameters."""
    light = u_lde_net()
    return replace(
        light, channels=(16, 32, 48, 64), kernels=(25, 15, 5, 3), groups=(1,) * len(light.groups)
    )
