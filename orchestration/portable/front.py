"""What the Hugging Face hub reads of a model card: its YAML, each value of it written as JSON.

YAML takes JSON as it is, so text from outside cannot become a field.
"""

import json
from typing import Any

from orchestration.staging.spec import StagingSpec

TAGS = ("sleep-staging", "ecg", "electrocardiogram", "knowledge-distillation", "u-time", "onnx")
METRICS = {"accuracy": "accuracy", "weighted_f1": "f1", "macro_f1": "f1", "kappa": "cohen_kappa"}


def front_matter(spec: StagingSpec) -> str:
    """What the hub reads."""
    results = [
        {
            "task": {"type": "other", "name": "Sleep staging from one ECG lead"},
            "dataset": {
                "type": "sleep-recordings",
                "name": f"{spec.origin.get('data') or 'unknown'}, {part} subjects",
                "split": part,
            },
            "metrics": [
                {"type": METRICS.get(name, "f1"), "name": name, "value": value}
                for name, value in scores.items()
                if name in METRICS or name.startswith("f1_")
            ],
        }
        for part, scores in spec.origin.get("scores", {}).items()
    ]
    fields: dict[str, Any] = {
        "library_name": "ecg-sleep-distillation",
        "pipeline_tag": "other",
        "tags": list(TAGS),
        "metrics": sorted(set(METRICS.values())),
    }
    if results:
        fields["model-index"] = [{"name": spec.name, "results": results}]
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items())
    return "\n".join(["---", *lines, "---"])
