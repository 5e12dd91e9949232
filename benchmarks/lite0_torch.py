"""EfficientNet-Lite0 in PyTorch: values that our Keras network must give.

    python benchmarks/lite0_torch.py

Needs the extras `bench` and `features`. Writes `tests/golden/
lite0_features.npz`: four seeded images and their pooled features, by a forward
pass in PyTorch with the same weights, read by PyTorch itself.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from wn_gan.features.extractor_choice import weights_path

STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
OUTPUT = Path(__file__).parent.parent / "tests/golden/lite0_features.npz"


def convolution(weights, x, name, norm, stride=1):
    """A convolution with TensorFlow's "same" padding, then batch norm."""
    kernel = weights[f"{name}.weight"]
    size = x.shape[-1]
    total = max((-(-size // stride) - 1) * stride + kernel.shape[-1] - size, 0)
    sides = (total // 2, total - total // 2)
    groups = x.shape[1] if kernel.shape[1] == 1 and x.shape[1] > 1 else 1
    x = functional.conv2d(
        functional.pad(x, sides * 2), kernel, stride=stride, groups=groups
    )
    return functional.batch_norm(
        x,
        weights[f"{norm}.running_mean"],
        weights[f"{norm}.running_var"],
        weights[f"{norm}.weight"],
        weights[f"{norm}.bias"],
        eps=1e-3,
    )


def forward(weights, x):
    """Pooled features of images in [0, 255], channels first."""
    x = (x - 127) / 128
    x = functional.relu6(convolution(weights, x, "_conv_stem", "_bn0", 2))
    for number, stride in enumerate(STRIDES):
        before, name = x, f"_blocks.{number}._"
        if f"{name}expand_conv.weight" in weights:
            x = functional.relu6(
                convolution(weights, x, f"{name}expand_conv", f"{name}bn0")
            )
        x = functional.relu6(
            convolution(
                weights, x, f"{name}depthwise_conv", f"{name}bn1", stride
            )
        )
        x = convolution(weights, x, f"{name}project_conv", f"{name}bn2")
        if x.shape == before.shape:
            x = x + before
    x = functional.relu6(convolution(weights, x, "_conv_head", "_bn1"))
    return x.mean((2, 3))


def main() -> None:
    """Computes and writes."""
    coarse = np.random.default_rng(0).integers(0, 256, (4, 14, 14, 3))
    images = np.repeat(np.repeat(coarse, 16, axis=1), 16, axis=2)
    weights = torch.load(weights_path(), weights_only=True)
    with torch.no_grad():
        x = torch.tensor(images.transpose(0, 3, 1, 2).astype(np.float32))
        features = forward(weights, x).numpy()
    np.savez_compressed(
        OUTPUT, inputs=images.astype(np.uint8), features=features
    )
    print(f"wrote {OUTPUT}: features up to {features.max():.3f}")


if __name__ == "__main__":
    main()
