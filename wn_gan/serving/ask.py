"""The work of `python -m wn_gan.client`."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from rich.console import Console

from wn_gan import images
from wn_gan.evaluation.own_images import own_images
from wn_gan.exporting import draw_codes
from wn_gan.files import replacing, write_npz
from wn_gan.serving.client import ServingClient


def ask(flags: Any) -> None:
    """Writes what the server gives.

    Args:
        flags: of `wn_gan.client`.

    Raises:
        UserError: for a server, a model or images that cannot be used; then
            nothing has been written.
    """
    output = Path(flags.output)
    console = Console(highlight=False, soft_wrap=True)
    with ServingClient(
        flags.address, flags.model, flags.protocol, flags.timeout
    ) as client:
        if flags.images is not None:
            text = _reconstruct(client, flags.images, output)
        else:
            seeds = np.arange(flags.seed, flags.seed + flags.num_images)
            text = _sample(client, seeds, flags.truncation, output)
    console.print(text, markup=False)


def _sample(
    client: ServingClient, seeds: np.ndarray, truncation: float, output: Path
) -> str:
    """The same images twice: drawn by the server, and encoded by it."""
    found = images.to_uint8(client.sample(seeds, truncation))
    cuts = tf.fill([len(seeds)], tf.constant(truncation, tf.float32))
    codes = draw_codes(tf.constant(seeds, tf.int64), cuts, client.code_size)
    encoded = client.png(codes.numpy())
    images.save_png(images.square_grid(found), output / "grid.png")
    for seed, content in zip(seeds, encoded, strict=True):
        path = output / "png" / f"{seed:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_bytes(content)
    return f"{output / 'grid.png'}, {len(encoded)} files in {output / 'png'}"


def _reconstruct(client: ServingClient, source: str, output: Path) -> str:
    targets = own_images(source, client.image_shape)
    found = client.reconstruct(images.to_unit(targets))
    pairs = images.pairs_grid(targets, images.to_uint8(found.images))
    images.save_png(pairs, output / "pairs.png")
    arrays = {"z": found.z, "losses": found.losses}
    write_npz(output / "codes.npz", arrays)
    return (
        f"{output / 'pairs.png'}: mean squared error "
        f"{found.losses.mean():.5f} over {len(targets)} images"
    )
