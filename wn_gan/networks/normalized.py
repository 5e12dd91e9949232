"""Layers of a network for one normalization."""

import math
from typing import Any

import keras

from wn_gan import layers
from wn_gan.config import NORMS

# In the order dense, convolution, transposed convolution.
_PLAIN = (
    keras.layers.Dense,
    keras.layers.Conv2D,
    keras.layers.Conv2DTranspose,
)
_WEIGHT = (
    layers.WeightNormDense,
    layers.WeightNormConv2D,
    layers.WeightNormConv2DTranspose,
)
_SPECTRAL = (
    layers.SpectralNormDense,
    layers.SpectralNormConv2D,
    layers.SpectralNormConv2DTranspose,
)
_AFFINE_WEIGHT = ("weight_affine", "weight_data_init", "mean_only_batch")
# Groups of Wu & He 2018; fewer if a group would have a single channel.
MAX_GROUPS = 32
GROUP_NORM_EPSILON = 1e-5
# Factor on the initial kernel of a generator's first layer.
INITIAL_SCALE = 0.01


class NormalizedLayers:
    """Builds layers for one normalization.

    | norm | linear layers | after them | rectifier |
    |---|---|---|---|
    | none | plain | | PReLU |
    | batch | plain | batch norm | PReLU |
    | weight | strict weight norm, affine on request | | TPReLU |
    | weight_affine | affine weight norm | | PReLU |
    | weight_data_init | the same, initialized from data | | PReLU |
    | mean_only_batch | affine weight norm | mean-only batch norm | PReLU |
    | spectral | spectral norm | | PReLU |
    | layer, instance, group | plain | that norm | PReLU |

    Args:
        norm: one of `config.NORMS`.
        dtype: Keras dtype policy of every layer, e.g. "mixed_float16".
        epsilon: of weight norm; see `layers.normalize_kernel`.
        epsilon_outside: whether epsilon is added to the root, not inside.
        sync_batch_norm: whether replicas share batch norm's statistics.

    Raises:
        ValueError: for an unknown norm.
    """

    def __init__(
        self,
        norm: str,
        dtype: str,
        epsilon: float = layers.WEIGHT_NORM_EPSILON,
        epsilon_outside: bool = False,
        sync_batch_norm: bool = False,
    ):
        if norm not in NORMS:
            raise ValueError(f"norm must be one of {NORMS}, got {norm!r}")
        self.norm = norm
        self.dtype = dtype
        self.epsilon = epsilon
        self.epsilon_outside = epsilon_outside
        self.sync_batch_norm = sync_batch_norm
        self.strict = norm == "weight"
        if self.strict or norm in _AFFINE_WEIGHT:
            self._kinds = _WEIGHT
        else:
            self._kinds = _SPECTRAL if norm == "spectral" else _PLAIN

    def _arguments(self, fan_in: int, scale: float, affine: bool) -> dict:
        initial = layers.fan_in_uniform(fan_in, scale)
        arguments = {"kernel_initializer": initial, "dtype": self.dtype}
        if self._kinds is _WEIGHT:
            arguments["affine"] = affine or not self.strict
            arguments["epsilon"] = self.epsilon
            arguments["epsilon_outside"] = self.epsilon_outside
        else:
            arguments["bias_initializer"] = layers.fan_in_uniform(fan_in)
        return arguments

    def dense(
        self,
        x: Any,
        units: int,
        name: str,
        scale: float = 1.0,
        affine: bool = False,
    ) -> Any:
        """Applies a linear layer.

        Args:
            x: input `[batch, inputs]`.
            units: number of outputs.
            name: name of the layer.
            scale: factor on the initial kernel.
            affine: whether to add gain and bias even if the norm is strict.
        """
        arguments = self._arguments(x.shape[-1], scale, affine)
        return self._kinds[0](units, name=name, **arguments)(x)

    def conv(
        self,
        x: Any,
        filters: int,
        kernel_size: tuple[int, int],
        name: str,
        strides: int = 1,
        padding: str = "same",
        transposed: bool = False,
        affine: bool = False,
    ) -> Any:
        """Applies a convolution, plain or transposed; see `dense`."""
        fan_in = kernel_size[0] * kernel_size[1] * x.shape[-1]
        return self._kinds[2 if transposed else 1](
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            name=name,
            **self._arguments(fan_in, 1.0, affine),
        )(x)

    def activate(self, x: Any, stem: str, normalize: bool = True) -> Any:
        """Applies `normalize`, if wanted, then `rectify`.

        Args:
            x: `[batch, height, width, channels]`.
            stem: start of the layers' names, e.g. "level_1".
            normalize: False where the paper omits batch norm.
        """
        if normalize:
            x = self.normalize(x, stem)
        return self.rectify(x, stem)

    def normalize(self, x: Any, stem: str) -> Any:
        """Normalizes activations, if the norm has a layer for it."""
        layer = self._normalization(x.shape[-1], stem)
        return x if layer is None else layer(x)

    def _normalization(self, channels: int, stem: str) -> Any:
        batch_norms = {
            "batch": layers.BatchNorm,
            "mean_only_batch": layers.MeanOnlyBatchNorm,
        }
        if self.norm in batch_norms:
            name = f"{stem}_{self.norm.replace('_', '')}norm"
            return batch_norms[self.norm](
                synchronized=self.sync_batch_norm, name=name, dtype=self.dtype
            )
        groups = {
            "layer": 1,
            "instance": channels,
            "group": math.gcd(MAX_GROUPS, max(channels // 2, 1)),
        }
        if self.norm not in groups:
            return None
        return keras.layers.GroupNormalization(
            groups[self.norm],
            epsilon=GROUP_NORM_EPSILON,
            name=f"{stem}_{self.norm}norm",
            dtype=self.dtype,
        )

    def rectify(self, x: Any, stem: str, translated: bool = True) -> Any:
        """Applies TPReLU if the norm is strict, else PReLU.

        Args:
            x: `[batch, height, width, channels]`.
            stem: start of the layer's name.
            translated: False for PReLU after an affine layer.
        """
        if self.strict and translated:
            name = f"{stem}_tprelu"
            return layers.TPReLU(name=name, dtype=self.dtype)(x)
        return layers.PReLU(name=f"{stem}_prelu", dtype=self.dtype)(x)

    def add(self, residue: Any, shortcut: Any, name: str) -> Any:
        """Adds two branches: weight-normalized, or a plain sum."""
        if self._kinds is _WEIGHT:
            add = layers.WeightNormAdd(name=name, dtype=self.dtype)
        else:
            add = keras.layers.Add(name=name, dtype=self.dtype)
        return add([residue, shortcut])

    def code_input(self, code_size: int) -> Any:
        """Returns the generator's input z, `[batch, code_size]`."""
        return keras.Input((code_size,), name="z", dtype=self._output_dtype())

    def first_image(
        self, z: Any, shape: tuple[int, int, int], affine: bool = False
    ) -> Any:
        """Applies the linear layer from z to the smallest level.

        Args:
            z: `[batch, code_size]`.
            shape: height, width and channels of the result.
            affine: as for `dense`.
        """
        x = self.dense(
            z,
            math.prod(shape),
            name="initial_linear",
            scale=INITIAL_SCALE,
            affine=affine,
        )
        return keras.layers.Reshape(
            shape, name="initial_reshape", dtype=self.dtype
        )(x)

    def images(self, x: Any) -> Any:
        """Applies the generator's output layer: images in (0, 1)."""
        return keras.layers.Activation(
            "sigmoid", name="images", dtype=self._output_dtype()
        )(x)

    def image_input(self, height: int, width: int, channels: int) -> Any:
        """Returns the discriminator's input images."""
        return keras.Input(
            (height, width, channels),
            name="images",
            dtype=self._output_dtype(),
        )

    def logits(self, x: Any) -> Any:
        """Applies the discriminator's output layer: logits `[batch, 1]`."""
        size = (x.shape[1], x.shape[2])
        x = self.conv(
            x, 1, size, name="final_conv", padding="valid", affine=True
        )
        x = keras.layers.Reshape((1,), name="final_reshape", dtype=self.dtype)(
            x
        )
        return keras.layers.Activation(
            "linear", name="logits", dtype=self._output_dtype()
        )(x)

    def _output_dtype(self) -> str:
        """Dtype of inputs and outputs: never less than float32."""
        return "float64" if self.dtype == "float64" else "float32"
