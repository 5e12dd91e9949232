"""Options of the feature-space measures."""

import dataclasses

from wn_gan.config.option import option

NO_EXTRACTOR = "none"


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureOptions:
    """Extractor and numbers of images."""

    feature_extractor: str = option(
        NO_EXTRACTOR,
        "Network for KID, Fréchet distance, precision, recall, density, "
        "coverage and perceptual distance: 'none'; 'lite0', EfficientNet-Lite0 "
        "(extra [features]); or the path of a .keras file, a SavedModel or a "
        "frozen graph (.pb).",
    )
    feature_samples: int = option(
        2048,
        "Generated images for these measures, and most training images to "
        "compare them with.",
        minimum=20,
    )
    frechet_any_size: bool = option(
        False,
        "Also compute the Fréchet distance of fewer than 2,048 images, where "
        "its bias is larger than what it measures.",
    )
