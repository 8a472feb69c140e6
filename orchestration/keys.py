"""Names for what is stored: a hash of what it was made from. Imports nothing heavy."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SCHEMA = 2  # raise when a field changes its meaning, so that old phases are not taken for new


def key_of(spec: Mapping[str, Any], parents: Mapping[str, str] | None = None) -> str:
    """Sixteen hex digits of SHA-256 over the canonical JSON of a spec and its parents' keys."""
    whole = {"schema": SCHEMA, "spec": spec, "parents": dict(parents or {})}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
