"""Image sets of TensorFlow Datasets."""

import numpy as np

from wn_gan import images
from wn_gan.data.image_set import ImageSet, stack_images
from wn_gan.errors import UserError, bad_flag, nearest


def load_tfds(
    name: str,
    data_dir: str | None,
    width: int | None = None,
    height: int | None = None,
) -> ImageSet:
    """Loads `tfds:<name>[/<config>]`, prepared or to be downloaded.

    Args:
        name: as TFDS knows it, e.g. "cifar10".
        data_dir: where it is prepared, or TFDS's default.
        width: to crop and resize to, or None for the data's own.
        height: likewise.

    Raises:
        UserError: if TFDS does not know the name, cannot prepare the data,
            or finds no images in it.
    """
    import tensorflow_datasets as tfds

    label = f"tfds:{name}"
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError:
        hint = nearest(name, tfds.list_builders())
        raise bad_flag(
            "dataset",
            label,
            "unknown to TensorFlow Datasets"
            + (f"; the nearest are {hint}" if hint else ""),
        ) from None
    try:
        builder.download_and_prepare()
    except Exception as error:
        # TFDS lets through whatever its downloads and parsers raise.
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise UserError(
            f"--dataset={label}: not prepared in --data_dir="
            f"{data_dir or '~/tensorflow_datasets'} and cannot be "
            f"downloaded: {reason}"
        ) from error
    key = _image_feature(label, builder)
    splits = [s for s in ("train", "test") if s in builder.info.splits]
    arrays = {
        split: _read(builder, label, split, key, width, height)
        for split in splits
    }
    if "train" not in arrays:
        raise bad_flag("dataset", label, "it has no split named 'train'")
    return ImageSet(label, arrays["train"], arrays.get("test"))


def _image_feature(label, builder) -> str:
    import tensorflow_datasets as tfds

    features = builder.info.features
    for key in features:
        if isinstance(features[key], tfds.features.Image):
            return key
    raise bad_flag("dataset", label, "it has no image feature")


def _read(builder, label, split, key, width, height) -> np.ndarray:
    import tensorflow_datasets as tfds

    dataset = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding({key: True}),
    )
    if None in builder.info.features[key].shape:
        if width is None:
            raise bad_flag(
                "dataset",
                label,
                "its images differ in size: give --image_width and "
                "--image_height",
            )
        return stack_images(
            images.fit(images.from_array(one[key]), width, height)
            for one in tfds.as_numpy(dataset)
        )
    batches = tfds.as_numpy(dataset.batch(1000))
    return np.concatenate([batch[key] for batch in batches])
