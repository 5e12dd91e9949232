"""Comparison with earlier results of the same CPU model."""

import json

from benchmarks.side_by_side.rounds import FLOOR, ROOT

RESULTS = ROOT / "benchmarks" / "results"
LEAST = 0.85
"""Ours over a peer's rate may fall to this share of the earlier ratio."""


def compare(found: dict) -> int:
    """Prints ratios beside the earlier ones; returns 1 if one has fallen.

    Args:
        found: results, with the CPU's name.
    """
    earlier = _ratios(_newest(found["cpu"]))
    status = 0
    for key, ratio in _ratios(found).items():
        if key not in earlier:
            continue
        kept = ratio / earlier[key]
        status |= kept < LEAST
        word = "LOST" if kept < LEAST else "kept"
        print(f"{word}: {key}: {ratio:.2f}, earlier {earlier[key]:.2f}")
    if not earlier:
        print(f"no earlier results of this CPU: {found['cpu']}")
    return int(status)


def _newest(cpu: str) -> dict:
    """The newest committed results of a CPU; empty if there are none."""
    for path in sorted(RESULTS.glob("*.json"), reverse=True):
        found = json.loads(path.read_text())
        if found["cpu"] == cpu:
            return found
    return {"results": []}


def _ratios(found: dict) -> dict[str, float]:
    """Ours over each peer's rate."""
    ratios = {}
    for each in found["results"]:
        medians = each["medians"]
        for peer in set(medians) - {"ours", FLOOR}:
            ratio = medians["ours"]["median"] / medians[peer]["median"]
            ratios[f"{each['case']}: ours over {peer}"] = ratio
    return ratios
