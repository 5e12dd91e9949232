"""Opens any source by its name; one module per kind of source."""

from pathlib import Path

from wn_gan.data.pictures import Source
from wn_gan.data.sources.celeba import open_celeba
from wn_gan.data.sources.cifar10 import open_cifar10
from wn_gan.data.sources.embedded import open_faces
from wn_gan.data.sources.fashion_mnist import open_fashion_mnist
from wn_gan.data.sources.folder import open_folder
from wn_gan.data.sources.lsun import open_lsun
from wn_gan.data.sources.npz import load_npz, open_npz
from wn_gan.data.sources.tfds_source import open_tfds
from wn_gan.data.sources.zip_archive import open_zip
from wn_gan.errors import UserError, bad_flag, did_you_mean

PLAIN = ("faces", "celeba", "cifar10", "fashion_mnist")
PREFIXED = ("folder", "zip", "npz", "tfds")
FORMS = (
    *PLAIN,
    "lsun/<category>",
    "folder:<path>",
    "zip:<path>",
    "npz:<path>",
    "tfds:<name>",
)

_OFFICIAL_FILES = {
    "celeba": "img_align_celeba.zip or the folder img_align_celeba",
    "cifar10": "cifar-10-binary.tar.gz, cifar-10-python.tar.gz or either "
    "unpacked",
    "fashion_mnist": "train-images-idx3-ubyte.gz and t10k-images-...",
    "lsun": "the folder <category>_train_lmdb",
}
# What other texts call them.
_ALIASES = {
    "celeb_a": "celeba",
    "cifar": "cifar10",
    "cifar-10": "cifar10",
    "fashion-mnist": "fashion_mnist",
    "lsun": "lsun/bedroom",
}

__all__ = ["FORMS", "load_npz", "open_source"]


def open_source(
    dataset: str,
    data_dir: str | None,
    background: str,
    cache_dir: Path,
    download: bool = True,
) -> Source:
    """Opens the data set that `--dataset` names.

    Args:
        dataset: one of `FORMS`.
        data_dir: folder of the official files or of TFDS.
        background: colour under transparent pixels.
        cache_dir: folder for the indexes of big data sets.
        download: whether TensorFlow Datasets may download and prepare.

    Raises:
        UserError: for an unknown name or unusable data.
    """
    kind, _, name = dataset.partition(":")
    if kind == "folder" and name:
        return open_folder(name, background)
    if kind == "zip" and name:
        return open_zip(name, background)
    if kind == "npz" and name:
        return open_npz(name)
    if kind == "tfds" and name:
        return open_tfds(name, data_dir, background, cache_dir, download)
    if dataset == "faces":
        return open_faces()
    if dataset not in PLAIN and not dataset.startswith("lsun/"):
        raise _unknown(dataset)
    official = _official(dataset, data_dir, background, cache_dir)
    if official is not None:
        return official
    name = "celeb_a" if dataset == "celeba" else dataset
    try:
        return open_tfds(
            name, data_dir, background, cache_dir, download, dataset
        )
    except UserError as error:
        files = _OFFICIAL_FILES[dataset.partition("/")[0]]
        raise UserError(
            f"{error} (looked first in --data_dir={data_dir} for {files})"
        ) from error


def _official(dataset, data_dir, background, cache_dir) -> Source | None:
    """Opens the files of a data set's authors; None if not there."""
    if dataset == "fashion_mnist":
        return open_fashion_mnist(data_dir)
    if data_dir is None:
        return None
    if dataset == "celeba":
        return open_celeba(data_dir, background)
    if dataset == "cifar10":
        return open_cifar10(data_dir)
    category = dataset.removeprefix("lsun/")
    return open_lsun(category, data_dir, background, cache_dir)


def _unknown(dataset: str) -> UserError:
    expected = f"must be one of {', '.join(FORMS)}"
    if Path(dataset).exists() or dataset.startswith(("/", "./", "~")):
        kind = {".zip": "zip", ".npz": "npz"}.get(Path(dataset).suffix)
        hint = f"; did you mean {kind or 'folder'}:{dataset}?"
    else:
        hint = did_you_mean(dataset, [*PLAIN, "lsun/bedroom"], _ALIASES)
    return bad_flag("dataset", dataset, expected + hint)
