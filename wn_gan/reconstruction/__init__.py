"""The paper's reconstruction loss.

For each image x a search finds the code z that minimizes the squared error of
G(z), with G frozen. The loss is the mean over pixels, channels and images,
pixels in [0, 1] (Xiang & Li 2017, section 4).
"""

from wn_gan.reconstruction.loss import objective, squared_errors
from wn_gan.reconstruction.reconstruct import Reconstructor, reconstruct
from wn_gan.reconstruction.running_test import RunningTest
from wn_gan.reconstruction.search import Reconstruction, search_codes

__all__ = [
    "Reconstruction",
    "Reconstructor",
    "RunningTest",
    "objective",
    "reconstruct",
    "search_codes",
    "squared_errors",
]
