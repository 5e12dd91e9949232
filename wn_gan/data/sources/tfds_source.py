"""Image data sets of TensorFlow Datasets (TFDS)."""

import concurrent.futures
import math
import re
import socket
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np

from wn_gan.data.pictures import (
    ArrayPictures,
    DecodedPictures,
    Pictures,
    Source,
)
from wn_gan.data.sources.tfrecords import TfrecordFiles
from wn_gan.errors import UserError, bad_flag, nearest

# A split of images of one size is held in memory up to this size.
MAX_IN_MEMORY_BYTES = 2**30
_SECONDS_FOR_A_NAME = 5


def open_tfds(
    name: str,
    data_dir: str | None,
    background: str,
    cache_dir: Path,
    download: bool = True,
    label: str | None = None,
) -> Source:
    """Opens `tfds:<name>[/<config>]`; downloads it if it is not prepared.

    Args:
        name: TFDS's name of the data set, e.g. "cifar10".
        data_dir: folder of prepared data sets; default: TFDS's own.
        background: colour under transparent pixels.
        cache_dir: folder for the index of a big data set.
        download: whether it may be downloaded and prepared.
        label: the data set's name in messages.

    Raises:
        UserError: if the name is unknown, the data cannot be prepared or
            hold no usable images.
    """
    label = label or f"tfds:{name}"
    builder = _prepared_builder(name, data_dir, label, download)
    key = _image_feature(label, builder)
    splits = builder.info.splits
    found = {
        split: _open_split(builder, label, split, key, background, cache_dir)
        for split in ("train", "validation", "test")
        if split in splits and splits[split].num_examples
    }
    if "train" not in found:
        raise bad_flag(
            "dataset", label, "it has no images in a split named 'train'"
        )
    return Source(found["train"], found.get("validation"), found.get("test"))


def _prepared_builder(
    name: str, data_dir: str | None, label: str, download: bool
) -> Any:
    import tensorflow_datasets as tfds

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
    missing = (
        f"--dataset={label}: not prepared in --data_dir="
        f"{data_dir or '~/tensorflow_datasets'}"
    )
    if not builder.is_prepared() and not download:
        raise UserError(f"{missing}; nothing is downloaded for this")
    if not builder.is_prepared():
        _check_network(builder, missing)
    try:
        builder.download_and_prepare()
    except (Exception, SystemExit) as error:
        # TFDS does not wrap the errors of its downloads and parsers.
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise UserError(
            f"{missing} and cannot be downloaded: {reason}"
        ) from error
    return builder


def _check_network(builder: Any, missing: str) -> None:
    """Fails soon without a network: TFDS tries again for minutes.

    Behind a proxy, names need not be known here.
    """
    if urllib.request.getproxies():
        return
    hosts = {urllib.parse.urlsplit(url).hostname for url in builder.url_infos}
    for host in sorted(hosts - {None}):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            found = pool.submit(socket.getaddrinfo, host, 443)
            try:
                found.result(_SECONDS_FOR_A_NAME)
            except (OSError, TimeoutError):
                raise UserError(
                    f"{missing} and cannot be downloaded: {host} is unknown "
                    "here (no network?)"
                ) from None


def _image_feature(label: str, builder: Any) -> str:
    import tensorflow_datasets as tfds

    features = builder.info.features
    for key in features:
        image = features[key]
        if isinstance(image, tfds.features.Image) and (
            np.dtype(image.np_dtype) == np.uint8
        ):
            return key
    raise bad_flag("dataset", label, "it has no feature of 8-bit images")


def _open_split(builder, label, split, key, background, cache_dir) -> Pictures:
    """Loads a small split of one image size; others are read by position."""
    shape, info = builder.info.features[key].shape, builder.info.splits[split]
    if None not in shape:
        if info.num_examples * math.prod(shape) <= MAX_IN_MEMORY_BYTES:
            return ArrayPictures(_read(builder, label, split, key))
    if builder.info.file_format.value != "tfrecord":
        raise bad_flag(
            "dataset",
            label,
            f"prepared as {builder.info.file_format.value}; images of many "
            "sizes, or of more than 1 GiB, are read from TFRecord files only",
        )
    files = TfrecordFiles(
        label, info.filepaths, info.num_examples, key, cache_dir
    )
    return DecodedPictures(files, background)


def _read(builder: Any, label: str, split: str, key: str) -> np.ndarray:
    import tensorflow as tf
    import tensorflow_datasets as tfds

    dataset = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding({key: True}),
    )
    batches = tfds.as_numpy(dataset.batch(1000))
    try:
        return np.concatenate([batch[key] for batch in batches])
    except tf.errors.OpError as error:
        # TensorFlow puts the names of its operations around the reason.
        reason = re.sub(r"\{\{.*?\}\}|\[Op:.*", "", error.message).strip()
        raise UserError(
            f"--dataset={label}: its split {split!r} cannot be read: {reason}"
        ) from error
