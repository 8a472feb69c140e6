"""Staging a person's own night from one ECG lead, with a network that was trained before.

Nothing here needs Ray, a GPU or what training needs: numpy, and the runtime of the network.
"""

from orchestration.staging.stager import Stager, load

__all__ = ["Stager", "load"]
