"""The building blocks of a network for one choice of normalization."""

import math
from typing import Any

import keras

from wn_gan import layers
from wn_gan.config import NORMS

# By kind of kernel: dense, convolution, transposed convolution.
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
# As Wu & He 2018; fewer where a group would have a single channel.
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
    | weight | strict weight norm, affine where asked | | TPReLU |
    | weight_affine | affine weight norm | | PReLU |
    | weight_data_init | the same, started from data | | PReLU |
    | mean_only_batch | affine weight norm | the mean's batch norm | PReLU |
    | spectral | spectral norm | | PReLU |
    | layer, instance, group | plain | that norm | PReLU |

    Args:
        norm: one of `config.NORMS`.
        dtype: Keras dtype policy of every layer, e.g. "mixed_float16".
        epsilon: of weight norm; see `layers.normalize_kernel`.
        epsilon_outside: whether it is added to the root, not inside it.
        sync_batch_norm: whether replicas share batch norm's statistics.

    Raises:
        ValueError: for another norm.
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
        """A linear layer on `[batch, inputs]`.

        Args:
            x: its input.
            units: number of outputs.
            name: of the layer.
            scale: factor on the initial kernel.
            affine: whether it has gain and bias even where the norm is
                strict.
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
        """A convolution, plain or transposed; `affine` as for `dense`."""
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
        """`normalize`, where it belongs, then `rectify`.

        Args:
            x: `[batch, height, width, channels]`.
            stem: start of the layers' names, e.g. "level_1".
            normalize: False where the paper leaves batch norm out.
        """
        if normalize:
            x = self.normalize(x, stem)
        return self.rectify(x, stem)

    def normalize(self, x: Any, stem: str) -> Any:
        """The layer that normalizes activations, if the norm has one."""
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
        """TPReLU where the norm is strict, else PReLU.

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
        """Where two branches meet: weight-normalized, or a plain sum."""
        if self._kinds is _WEIGHT:
            add = layers.WeightNormAdd(name=name, dtype=self.dtype)
        else:
            add = keras.layers.Add(name=name, dtype=self.dtype)
        return add([residue, shortcut])

    def code_input(self, code_size: int) -> Any:
        """A generator's input, z."""
        return keras.Input((code_size,), name="z", dtype=self._output_dtype())

    def first_image(
        self, z: Any, shape: tuple[int, int, int], affine: bool = False
    ) -> Any:
        """The linear layer from z to the smallest level's channels.

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
        """A generator's end: into (0, 1)."""
        return keras.layers.Activation(
            "sigmoid", name="images", dtype=self._output_dtype()
        )(x)

    def image_input(self, height: int, width: int, channels: int) -> Any:
        """A discriminator's input."""
        return keras.Input(
            (height, width, channels),
            name="images",
            dtype=self._output_dtype(),
        )

    def logits(self, x: Any) -> Any:
        """A discriminator's end: all that is left to one number."""
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
        """Dtype of a network's result: never less than float32."""
        return "float64" if self.dtype == "float64" else "float32"
