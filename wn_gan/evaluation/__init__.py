"""The final test: the reconstruction loss as it is reported."""

from wn_gan.evaluation.controls import data_controls
from wn_gan.evaluation.final_test import FinalTest, bootstrap_interval
from wn_gan.evaluation.protocol import Protocol
from wn_gan.evaluation.run_test import RunTest

__all__ = [
    "FinalTest",
    "Protocol",
    "RunTest",
    "bootstrap_interval",
    "data_controls",
]
