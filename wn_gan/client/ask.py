"""The work of `python -m wn_gan.client`."""

import numpy as np
import tensorflow as tf

from wn_gan.client.serving_client import ServingClient
from wn_gan.config import ClientOptions
from wn_gan.data.own_images import own_images
from wn_gan.files import output_folder, write_npz
from wn_gan.generators.codes import draw_codes, truncations
from wn_gan.generators.png_folder import write_pngs
from wn_gan.images import pairs_grid, save_shown, square_grid, to_uint8, to_unit
from wn_gan.progress import say


def ask(options: ClientOptions) -> None:
    """Sends the requests and writes the results.

    Args:
        options: options of the verb.

    Raises:
        UserError: for an unusable server, model or images; nothing has been
            written then.
    """
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
            text = _reconstruct(client, options)
        else:
            text = _sample(client, options)
    say(text)


def _sample(client: ServingClient, options: ClientOptions) -> str:
    """Writes a grid, and the same images as PNGs encoded by the server."""
    seeds = np.arange(options.seed, options.seed + options.num_images)
    found = to_uint8(client.sample(seeds, options.truncation))
    limits = truncations(len(seeds), options.truncation)
    codes = draw_codes(tf.constant(seeds, tf.int64), limits, client.code_size)
    encoded = client.png(codes.numpy())
    output = output_folder(options.output)
    write_pngs(output / "png", map(bytes, encoded), options.seed)
    caption = f"{options.model}: seeds {seeds[0]} to {seeds[-1]}"
    save_shown(square_grid(found), output / "grid.png", caption)
    grid = output / "grid.png"
    files = f"{grid}, {len(encoded)} files in {output / 'png'}"
    return f"{files}\nnext: open {grid}"


def _reconstruct(client: ServingClient, options: ClientOptions) -> str:
    targets, _ = own_images(options.images, client.image_shape)
    found = client.reconstruct(to_unit(targets))
    output = output_folder(options.output)
    pairs = pairs_grid(targets, to_uint8(found.images))
    caption = "images above what the generator makes of them"
    save_shown(pairs, output / "pairs.png", caption)
    arrays = {"z": found.z, "losses": found.losses}
    write_npz(output / "codes.npz", arrays)
    picture = output / "pairs.png"
    return (
        f"{picture}: mean squared error {found.losses.mean():.5f} over "
        f"{len(targets)} images\nnext: open {picture}"
    )
