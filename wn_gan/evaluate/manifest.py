"""The identity of a final test: which generator, which images, how."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from wn_gan.config import SearchOptions
from wn_gan.files import write_json
from wn_gan.runs.environment import package_versions
from wn_gan.runs.json_files import MANIFEST, read_manifest

_SEARCH = ("solver", "evaluations", "z_start", "num_starts", "prior_penalty")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything that a result depends on; written beside the result.

    Two tests of equal manifests give the same numbers, up to rounding. The
    versions of packages are recorded and not part of the identity: an upgrade
    discards no result.

    Attributes:
        generator_sha256: of the weights that are tested.
        step: of the checkpoint; None for a SavedModel.
        images_sha256: of the images, in their order.
        search: solver, evaluations, starts and penalty.
        batch_norm: which statistics batch norm uses.
        batch_size: images that are searched together, where the result
            depends on it; else None.
    """

    generator_sha256: str
    step: int | None
    images_sha256: str
    search: Mapping[str, str | int | float]
    batch_norm: str = "moving"
    batch_size: int | None = None

    def identity(self) -> str:
        """One hash of all attributes."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Writes `manifest.json`, with the versions of the packages."""
        content = {
            "identity": self.identity(),
            **dataclasses.asdict(self),
            "versions": package_versions(),
        }
        write_json(folder / MANIFEST, content)


def written_identity(folder: Path) -> str | None:
    """The identity of the results in a folder; None if they have none."""
    return read_manifest(folder).get("identity")


def search_identity(options: SearchOptions) -> dict[str, str | int | float]:
    """The options of a search that its result depends on."""
    return {name: getattr(options, name) for name in _SEARCH}
