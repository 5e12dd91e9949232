"""Worker: the same training step in PyTorch."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch._functorch import config as functorch_config
from torch.nn import functional

from benchmarks.side_by_side import worker
from benchmarks.side_by_side.cases import Case
from benchmarks.side_by_side.torch_network import Network

RATE, DECAY, EPSILON = 1e-4, 0.9, 1e-6
# Largest difference of the forward values, in images of 0 to 1 and logits.
TOLERANCE = 1e-4


class Step:
    """Both updates of a case.

    Args:
        case: the case.
        folder: where `ours.save_twin` wrote the networks.
        way: "eager", "channels_last", "compiled" or "autocast".
    """

    def __init__(self, case: Case, folder: Path, way: str):
        self.case, self.way = case, way
        self.generator = Network(folder / "generator.npz")
        self.discriminator = Network(folder / "discriminator.npz")
        self.check(np.load(folder / "values.npz"))
        if way == "channels_last":
            for network in (self.generator, self.discriminator):
                network.to(memory_format=torch.channels_last)
        self.generate, self.discriminate = self.generator, self.discriminator
        if way == "compiled":
            # "shared" goes back twice through one compiled forward pass.
            functorch_config.donated_buffer = False
            self.generate = torch.compile(self.generator)
            self.discriminate = torch.compile(self.discriminator)
        self.g_optimizer, self.d_optimizer = (
            torch.optim.RMSprop(
                network.parameters(), RATE, alpha=DECAY, eps=EPSILON
            )
            for network in (self.generator, self.discriminator)
        )

    def check(self, values) -> None:
        """Raises `AssertionError` if the networks are not ours."""
        with torch.no_grad():
            images = self.generator(torch.tensor(values["z"]))
            logits = self.discriminator(images)
        images = images.numpy().transpose(0, 2, 3, 1)
        np.testing.assert_allclose(images, values["images"], atol=TOLERANCE)
        np.testing.assert_allclose(
            logits.numpy(), values["logits"], atol=TOLERANCE
        )

    def __call__(self, real):
        """Updates both networks; returns the generator's loss."""
        autocast = self.way == "autocast"
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            if self.case.order == "alternate":
                return self._alternate(real)
            return self._shared(real)

    def _codes(self, real):
        return torch.randn(len(real), self.case.code_size)

    def _logits(self, real, fake):
        if self.case.norm == "batch":  # statistics of each alone
            return self.discriminate(real), self.discriminate(fake)
        return self.discriminate(torch.cat([real, fake])).chunk(2)

    def _alternate(self, real):
        with torch.no_grad():
            fake = self.generate(self._codes(real))
        real_logits, fake_logits = self._logits(real, fake)
        self.d_optimizer.zero_grad()
        _d_loss(real_logits, fake_logits).backward()
        self.d_optimizer.step()
        self.discriminator.requires_grad_(False)
        loss = _g_loss(self.discriminate(self.generate(self._codes(real))))
        self.g_optimizer.zero_grad()
        loss.backward()
        self.g_optimizer.step()
        self.discriminator.requires_grad_(True)
        return loss

    def _shared(self, real):
        fake = self.generate(self._codes(real))
        real_logits, fake_logits = self._logits(real, fake)
        loss = _g_loss(fake_logits)
        g_weights = list(self.generator.parameters())
        d_weights = list(self.discriminator.parameters())
        g_gradients = torch.autograd.grad(loss, g_weights, retain_graph=True)
        d_loss = _d_loss(real_logits, fake_logits)
        d_gradients = torch.autograd.grad(d_loss, d_weights)
        for weights, gradients, optimizer in (
            (g_weights, g_gradients, self.g_optimizer),
            (d_weights, d_gradients, self.d_optimizer),
        ):
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient
            optimizer.step()
        return loss


def _d_loss(real_logits, fake_logits):
    real = functional.softplus(-real_logits.float()).mean()
    return real + functional.softplus(fake_logits.float()).mean()


def _g_loss(fake_logits):
    return functional.softplus(-fake_logits.float()).mean()


def main(case: Case, folder: Path, way: str) -> None:
    """Times the step on one batch of noise."""
    torch.manual_seed(0)
    step = Step(case, folder, way)
    shape = (case.batch_size, 3, case.image_size, case.image_size)
    real = torch.rand(shape)
    if way == "channels_last":
        real = real.to(memory_format=torch.channels_last)
    counts = {
        name: sum(p.numel() for p in network.parameters())
        for name, network in (
            ("generator", step.generator),
            ("discriminator", step.discriminator),
        )
    }
    worker.images_per_second(
        lambda: step(real),
        lambda loss: loss.item(),
        case.batch_size,
        {
            "version": f"PyTorch {torch.__version__}",
            "threads": torch.get_num_threads(),
            "parameters": counts,
        },
    )


if __name__ == "__main__":
    main(Case.from_json(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
