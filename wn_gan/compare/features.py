"""Feature-space measures of the compared runs."""

import dataclasses
import re
from pathlib import Path

from wn_gan.compare.results import Result
from wn_gan.errors import UserError
from wn_gan.runs.json_files import DAMAGED, read_json, read_manifest

SHOWN = (
    "KID (train)",
    "KID (test)",
    "FID (train)",
    "FD (train)",
    "precision (train)",
    "recall (train)",
    "density (train)",
    "coverage (train)",
    "coverage (test)",
    "perceptual distance",
    "codes beyond 99% of the prior",
)


def with_features(
    results: list[Result], wanted: str | None = None
) -> list[Result]:
    """Adds the measures of one protocol that all tested runs share.

    Args:
        results: of the runs.
        wanted: the protocol; default: of those that all have, the one of most
            samples.

    Returns:
        The results, without measures if a tested run has none.

    Raises:
        UserError: if all have some, and none in common.
    """
    found = [_stored(result) for result in results]
    tested = [
        set(each)
        for each, result in zip(found, results, strict=True)
        if result.summary is not None
    ]
    shared = set.intersection(*tested) if tested else set()
    if not shared:
        if tested and all(tested):
            raise UserError(
                "the runs' feature-space measures have no protocol in common: "
                f"{'; '.join(', '.join(sorted(each)) for each in tested)}; "
                "run python -m wn_gan.evaluate with the same "
                "--feature_extractor and --feature_samples on each"
            )
        return results
    chosen = wanted if wanted in shared else max(shared, key=_samples)
    return [
        dataclasses.replace(
            result,
            features=each.get(chosen, {}),
            features_protocol=chosen,
            features_by_step=_by_step(result, chosen),
        )
        for result, each in zip(results, found, strict=True)
    ]


def _samples(protocol: str) -> tuple[int, str]:
    """Samples of a protocol; and its name, so that equals are no chance."""
    found = re.search(r"-samples(\d+)", protocol)
    return int(found[1]) if found else 0, protocol


def _by_step(result: Result, protocol: str) -> dict[int, dict[str, float]]:
    """Measures of every checkpoint that has them, oldest first."""
    found = {}
    for test in (result.test, *result.test.glob("*-moving")):
        manifest = read_manifest(test)
        stored = read_json(test / f"features-{protocol}.json")
        current = manifest.get("identity", "no final test")
        step = manifest.get("step")
        if stored and stored.get("final_test") == current and step is not None:
            found[step] = _numbers(test, stored)
    return dict(sorted(found.items()))


def _stored(result: Result) -> dict[str, dict[str, float]]:
    """Measures by protocol, of the generator of the run's final test."""
    if result.summary is None:
        return {}
    current = read_manifest(result.test).get("identity", "no final test")
    found = {}
    for path in sorted(result.test.glob("features-*.json")):
        stored = read_json(path)
        if stored.get("final_test") == current:
            protocol = path.stem.removeprefix("features-")
            found[protocol] = _numbers(path, stored)
    return found


def _numbers(path: Path, stored: dict) -> dict[str, float]:
    try:
        return {name: float(x) for name, x in stored["measures"].items()}
    except DAMAGED as error:
        raise UserError(f"{path}: cannot be read: {error!r}") from error
