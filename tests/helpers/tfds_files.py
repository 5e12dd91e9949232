"""Prepared data sets of TensorFlow Datasets, written by hand."""

import json

import tensorflow as tf

_FEATURES = "tensorflow_datasets.core.features."


def write_tfds(root, name, images, sizes=("8", "8", "3")):
    """A data set `name` with the split "train"; returns its only shard.

    Args:
        root: the `--data_dir`.
        name: of the data set; TFDS must not know it.
        images: encoded images.
        sizes: height, width and channels; "-1" for any.
    """
    folder = root / name / "1.0.0"
    folder.mkdir(parents=True)
    split = {
        "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
        "name": "train",
        "shardLengths": [str(len(images))],
    }
    info = {"fileFormat": "tfrecord", "name": name, "version": "1.0.0"}
    info["splits"] = [split]
    (folder / "dataset_info.json").write_text(json.dumps(info))
    image = {
        "image": {"dtype": "uint8", "shape": {"dimensions": sizes}},
        "pythonClassName": _FEATURES + "image_feature.Image",
    }
    features = {
        "featuresDict": {"features": {"image": image}},
        "pythonClassName": _FEATURES + "features_dict.FeaturesDict",
    }
    (folder / "features.json").write_text(json.dumps(features))
    shard = folder / f"{name}-train.tfrecord-00000-of-00001"
    with tf.io.TFRecordWriter(str(shard)) as writer:
        for content in images:
            value = tf.train.BytesList(value=[content])
            feature = {"image": tf.train.Feature(bytes_list=value)}
            example = tf.train.Example(
                features=tf.train.Features(feature=feature)
            )
            writer.write(example.SerializeToString())
    return shard


def record_ends(content):
    """The positions in a TFRecord file where its records end."""
    ends = [0]
    while ends[-1] < len(content):
        length = int.from_bytes(content[ends[-1] : ends[-1] + 8], "little")
        ends.append(ends[-1] + 12 + length + 4)
    return ends[1:]
