"""A generator for other programs: four signatures on plain kernels."""

from pathlib import Path

import keras
import tensorflow as tf

from wn_gan import keras_compat
from wn_gan.generators.codes import draw_codes
from wn_gan.networks.fold import folded
from wn_gan.reconstruction import search_codes


class ServedGenerator(tf.Module):
    """Content of a SavedModel: weights, functions, a model card.

    All numbers go in and out as float32, except int64 seeds. The batch size
    is free.

    Args:
        generator: a functional model of this package. Its normalizations are
            folded (layer, instance and group norm stay, because they depend
            on the image).
        dtype: dtype of the kernels and the computation: "float32",
            "float16" or "bfloat16".
        evaluations: gradient evaluations per image in `reconstruct`.
        card: text file to store with the model.
    """

    def __init__(
        self,
        generator: keras.Model,
        dtype: str = "float32",
        evaluations: int = 50,
        card: Path | None = None,
    ):
        super().__init__()
        plain = folded(generator, dtype)
        # A closure: TensorFlow would also save a Keras model in an attribute.
        self._images = lambda z: plain(z, training=False)
        self._dtype = tf.as_dtype(dtype)
        self.weights = [
            keras_compat.tf_variable(weight) for weight in plain.weights
        ]
        self.card = None if card is None else tf.saved_model.Asset(str(card))
        self.evaluations = evaluations
        self.code_size = generator.input_shape[-1]
        self.image_shape = tuple(generator.output_shape[1:])
        codes = tf.TensorSpec([None, self.code_size], tf.float32, "z")
        targets = tf.TensorSpec([None, *self.image_shape], name="images")
        seeds = tf.TensorSpec([None], tf.int64, "seed")
        truncations = tf.TensorSpec([None], tf.float32, "truncation")
        self.serving_default = tf.function(self.generate, [codes])
        self.sample = tf.function(self.draw, [seeds, truncations])
        self.png = tf.function(self.encode, [codes])
        self.reconstruct = tf.function(self.search, [targets])

    def signatures(self) -> dict[str, tf.types.experimental.GenericFunction]:
        """Returns the SavedModel's signatures, by name."""
        names = ("serving_default", "sample", "png", "reconstruct")
        return {name: getattr(self, name) for name in names}

    def images(self, z: tf.Tensor) -> tf.Tensor:
        """Generates images, float32 in [0, 1], from codes."""
        return tf.cast(self._images(tf.cast(z, self._dtype)), tf.float32)

    def generate(self, z: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `serving_default`.

        Args:
            z: float32 `[batch, code_size]`, standard normal.

        Returns:
            `images`, float32 `[batch, height, width, channels]` in [0, 1].
        """
        return {"images": self.images(self._checked(z))}

    def draw(
        self, seed: tf.Tensor, truncation: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `sample`: one image per seed.

        An image does not depend on the rest of the batch.

        Args:
            seed: int64 `[batch]`.
            truncation: float32 `[batch]`, above 0. Limit of the codes'
                absolute values in standard deviations (Brock et al. 2018);
                values from 6 on mean no truncation.

        Returns:
            `images`, as for `generate`.
        """
        codes = draw_codes(seed, truncation, self.code_size)
        return {"images": self.images(codes)}

    def encode(self, z: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `png`: codes -> `image_bytes`, one PNG per code."""
        images = self.images(self._checked(z))
        pixels = tf.cast(images * 255 + 0.5, tf.uint8)
        encoded = tf.map_fn(
            tf.io.encode_png,
            pixels,
            fn_output_signature=tf.TensorSpec([], tf.string),
        )
        return {"image_bytes": encoded}

    def search(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `reconstruct`: searches codes for images.

        Args:
            images: float32 `[batch, height, width, channels]` in [0, 1].

        Returns:
            `z`, `reconstruction` and `loss` (mean squared error of each
            image), after a fixed number of gradient evaluations of L-BFGS.
        """
        start = tf.zeros([tf.shape(images)[0], self.code_size])
        found = search_codes(
            self.images, images, start, "lbfgs", self.evaluations
        )
        return {
            "z": found.z,
            "reconstruction": found.images,
            "loss": found.losses,
        }

    def _checked(self, z: tf.Tensor) -> tf.Tensor:
        """Checks the width of codes, with a clear error message."""
        width = tf.shape(z)[1]
        message = f"z must be [batch, {self.code_size}], has a width of"
        right = tf.debugging.Assert(
            tf.equal(width, self.code_size), [message, width]
        )
        with tf.control_dependencies([right]):
            return tf.ensure_shape(tf.identity(z), [None, self.code_size])
