"""The building blocks of a network for one choice of normalization."""

from typing import Any

import keras

from wn_gan import layers

NORMS = ("none", "batch", "weight", "weight_affine")

# By whether it is transposed and whether it is weight-normalized.
_CONVOLUTIONS = {
    (False, False): keras.layers.Conv2D,
    (False, True): layers.WeightNormConv2D,
    (True, False): keras.layers.Conv2DTranspose,
    (True, True): layers.WeightNormConv2DTranspose,
}


class NormalizedLayers:
    """Makes linear layers and activations as one normalization wants them.

    `none` and `batch` use Keras' layers with a bias; `weight` strict
    weight-normalized layers and TPReLU, affine only in a network's last
    layer; `weight_affine` affine ones and PReLU everywhere.

    Args:
        norm: one of `NORMS`.
        dtype: Keras dtype policy of every layer, e.g. "mixed_float16".

    Raises:
        ValueError: for another norm.
    """

    def __init__(self, norm: str, dtype: str):
        """See the class."""
        if norm not in NORMS:
            raise ValueError(f"norm must be one of {NORMS}, got {norm!r}")
        self.norm = norm
        self.dtype = dtype

    @property
    def weight_normalized(self) -> bool:
        """Whether the linear layers are weight-normalized."""
        return self.norm in ("weight", "weight_affine")

    def _arguments(self, fan_in: int, scale: float, last: bool) -> dict:
        initial = layers.fan_in_uniform(fan_in, scale)
        arguments = {"kernel_initializer": initial, "dtype": self.dtype}
        if self.weight_normalized:
            arguments["affine"] = last or self.norm == "weight_affine"
        else:
            arguments["bias_initializer"] = layers.fan_in_uniform(fan_in)
        return arguments

    def dense(self, x: Any, units: int, name: str, scale: float = 1.0) -> Any:
        """A linear layer on `[batch, inputs]`; `scale` on initial kernels."""
        layer = (
            layers.WeightNormDense
            if self.weight_normalized
            else keras.layers.Dense
        )
        arguments = self._arguments(x.shape[-1], scale, last=False)
        return layer(units, name=name, **arguments)(x)

    def conv(
        self,
        x: Any,
        filters: int,
        kernel_size: tuple[int, int],
        name: str,
        strides: int = 1,
        padding: str = "same",
        transposed: bool = False,
        last: bool = False,
    ) -> Any:
        """A convolution, plain or transposed; `last`: it ends the network."""
        layer = _CONVOLUTIONS[transposed, self.weight_normalized]
        fan_in = kernel_size[0] * kernel_size[1] * x.shape[-1]
        arguments = self._arguments(fan_in, 1.0, last)
        return layer(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            name=name,
            **arguments,
        )(x)

    def activate(self, x: Any, stem: str, normalize: bool = True) -> Any:
        """Batch norm where it belongs, then the rectifier of this norm.

        Args:
            x: `[batch, height, width, channels]`.
            stem: start of the layers' names, e.g. "level_1".
            normalize: False where the paper leaves batch norm out.
        """
        if self.norm == "batch" and normalize:
            x = layers.BatchNorm(name=f"{stem}_batchnorm", dtype=self.dtype)(x)
        if self.norm == "weight":
            name = f"{stem}_tprelu"
            return layers.TPReLU(name=name, dtype=self.dtype)(x)
        return layers.PReLU(name=f"{stem}_prelu", dtype=self.dtype)(x)

    def output_dtype(self) -> str:
        """Dtype of a network's result: never less than float32."""
        return "float64" if self.dtype == "float64" else "float32"
