"""All runs of a study are tested on the same images."""

from collections.abc import Sequence

from wn_gan.config import Config
from wn_gan.errors import UserError
from wn_gan.runs.folder import RunFolder
from wn_gan.runs.json_files import read_manifest
from wn_gan.study.bundle import Bundle
from wn_gan.study.measurements import Measurement


def check_same_images(
    configs: Sequence[Config],
    measurements: Sequence[Measurement],
    bundle: Bundle,
) -> None:
    """Refuses a bundle whose runs saw other images than this machine's.

    Args:
        configs: of the runs.
        measurements: their tests.
        bundle: with the results so far.

    Raises:
        UserError: for two runs whose tests are of different images.
    """
    for measurement in measurements:
        found: dict[str, str] = {}
        for config in configs:
            test = measurement.found(RunFolder(bundle.place(config)))
            images = read_manifest(test).get("images_sha256") if test else None
            if images is not None:
                found.setdefault(images, bundle.name(config))
        if len(found) > 1:
            one, other, *_ = found.values()
            raise UserError(
                f"{one} and {other} were tested on different images, so they "
                "cannot be compared: continue with the data and the version "
                f"of wn_gan that made {bundle.folder} (up to 0.1 the default "
                "was --final_test_images=2000), or name another --study_dir"
            )
