"""Worker: the paper's code search in PyTorch, on the same generator."""

import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.side_by_side import worker
from benchmarks.side_by_side.cases import EVALUATIONS_PER_CALL
from benchmarks.side_by_side.torch_network import Network
from benchmarks.side_by_side.torch_step import DECAY, EPSILON, TOLERANCE

RATE = 0.01


def main(folder: Path) -> None:
    """Times evaluations, each with its update of all codes."""
    generator = Network(folder / "generator.npz").requires_grad_(False)
    values = np.load(folder / "search.npz")
    with torch.no_grad():
        images = generator(torch.tensor(values["z"])).numpy()
    np.testing.assert_allclose(
        images.transpose(0, 2, 3, 1), values["images"], atol=TOLERANCE
    )
    targets = torch.tensor(values["targets"].transpose(0, 3, 1, 2).copy())
    z = torch.zeros(len(targets), values["z"].shape[1], requires_grad=True)
    optimizer = torch.optim.RMSprop([z], RATE, alpha=DECAY, eps=EPSILON)

    def search():
        for _ in range(EVALUATIONS_PER_CALL):
            errors = (generator(z) - targets).square().mean((1, 2, 3))
            optimizer.zero_grad()
            errors.sum().backward()
            optimizer.step()
        return errors

    worker.images_per_second(
        search,
        lambda errors: errors.sum().item(),
        EVALUATIONS_PER_CALL,
        {"version": f"PyTorch {torch.__version__}"},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
