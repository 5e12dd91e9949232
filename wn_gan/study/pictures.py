"""Keeps the pictures that a study's report shows."""

from collections.abc import Sequence
from pathlib import Path

from wn_gan.compare.results import read_results
from wn_gan.compare.shown_images import keep_shown_images, shown_images
from wn_gan.config import Config
from wn_gan.study.bundle import Bundle


def keep_pictures(
    configs: Sequence[Config], protocol: str | None, bundle: Bundle
) -> None:
    """Writes the same test images of each norm's first run to the bundle.

    Args:
        configs: of one run per norm.
        protocol: of the final test.
        bundle: with the results of all runs.
    """
    test = Path("final_test") / str(protocol)
    # A run that failed, or whose test did, has no pictures.
    tested = [c for c in configs if (bundle.place(c) / test).exists()]
    places = [str(bundle.place(config)) for config in tested]
    names = shown_images(read_results(places, protocol)) if places else []
    for config in tested:
        pairs = Path(config.run_dir) / test / "pairs"
        keep_shown_images(pairs, names, bundle.place(config) / test)
