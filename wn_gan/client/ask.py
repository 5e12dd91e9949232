"""The work of `python -m wn_gan.client`."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from wn_gan.client.serving_client import ServingClient
from wn_gan.config import ClientOptions
from wn_gan.data.own_images import own_images
from wn_gan.files import replacing, write_npz
from wn_gan.generators.codes import draw_codes, truncations
from wn_gan.images import pairs_grid, save_png, square_grid, to_uint8, to_unit
from wn_gan.progress import say


def ask(options: ClientOptions) -> None:
    """Sends the requests and writes the results.

    Args:
        options: options of the verb.

    Raises:
        UserError: for an unusable server, model or images; nothing has been
            written then.
    """
    output = Path(options.output)
    with ServingClient(
        options.address,
        options.model,
        options.protocol,
        options.timeout,
        options.max_batch_size,
        options.tls,
        options.tls_ca,
    ) as client:
        if options.images is not None:
            text = _reconstruct(client, options.images, output)
        else:
            text = _sample(client, options, output)
    say(text)


def _sample(client: ServingClient, options: ClientOptions, output: Path) -> str:
    """Writes a grid, and the same images as PNGs encoded by the server."""
    seeds = np.arange(options.seed, options.seed + options.num_images)
    found = to_uint8(client.sample(seeds, options.truncation))
    limits = truncations(len(seeds), options.truncation)
    codes = draw_codes(tf.constant(seeds, tf.int64), limits, client.code_size)
    encoded = client.png(codes.numpy())
    save_png(square_grid(found), output / "grid.png")
    for seed, content in zip(seeds, encoded, strict=True):
        path = output / "png" / f"{seed:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_bytes(content)
    return f"{output / 'grid.png'}, {len(encoded)} files in {output / 'png'}"


def _reconstruct(client: ServingClient, source: str, output: Path) -> str:
    targets = own_images(source, client.image_shape)
    found = client.reconstruct(to_unit(targets))
    pairs = pairs_grid(targets, to_uint8(found.images))
    save_png(pairs, output / "pairs.png")
    arrays = {"z": found.z, "losses": found.losses}
    write_npz(output / "codes.npz", arrays)
    return (
        f"{output / 'pairs.png'}: mean squared error "
        f"{found.losses.mean():.5f} over {len(targets)} images"
    )
