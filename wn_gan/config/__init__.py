"""All options with their defaults, units and checks.

Imports neither absl nor TensorFlow, so an invalid value fails fast.
"""

from wn_gan.config.client_options import (
    SERVING_BATCH_SIZE,
    TRANSPORTS,
    ClientOptions,
    ServerOptions,
)
from wn_gan.config.compare_options import CompareOptions
from wn_gan.config.data_options import RESIZE_FILTERS, DataOptions
from wn_gan.config.device_options import STRATEGIES, DeviceOptions
from wn_gan.config.evaluate_options import PARTS, EvaluateOptions
from wn_gan.config.export_options import ExportOptions
from wn_gan.config.failure_options import FailureOptions
from wn_gan.config.feature_options import NO_EXTRACTOR, FeatureOptions
from wn_gan.config.launch_options import LaunchOptions
from wn_gan.config.list_options import ListOptions
from wn_gan.config.network_options import (
    DCGAN_FEATURES,
    NORMS,
    RESNET21_BLOCKS,
    RESNET_FEATURES,
    NetworkOptions,
)
from wn_gan.config.prepare_options import PrepareOptions
from wn_gan.config.run_config import (
    UNCHANGEABLE,
    Config,
    changed_options,
    fitting_options,
)
from wn_gan.config.run_options import RunOptions
from wn_gan.config.sample_options import SampleOptions
from wn_gan.config.search_options import (
    PRECONDITIONED,
    SOLVERS,
    STARTS,
    SearchOptions,
)
from wn_gan.config.study_options import StudyOptions
from wn_gan.config.training_options import (
    LOSSES,
    OPTIMIZERS,
    PRECISIONS,
    UPDATE_ORDERS,
    TrainingOptions,
)
from wn_gan.config.tuning_options import TuningOptions

__all__ = [
    "DCGAN_FEATURES",
    "LOSSES",
    "NORMS",
    "NO_EXTRACTOR",
    "OPTIMIZERS",
    "PARTS",
    "PRECISIONS",
    "RESIZE_FILTERS",
    "RESNET21_BLOCKS",
    "RESNET_FEATURES",
    "SERVING_BATCH_SIZE",
    "PRECONDITIONED",
    "SOLVERS",
    "STARTS",
    "STRATEGIES",
    "TRANSPORTS",
    "UNCHANGEABLE",
    "UPDATE_ORDERS",
    "ClientOptions",
    "CompareOptions",
    "Config",
    "DataOptions",
    "DeviceOptions",
    "EvaluateOptions",
    "ExportOptions",
    "FailureOptions",
    "FeatureOptions",
    "LaunchOptions",
    "ListOptions",
    "NetworkOptions",
    "PrepareOptions",
    "RunOptions",
    "SampleOptions",
    "SearchOptions",
    "ServerOptions",
    "StudyOptions",
    "TrainingOptions",
    "TuningOptions",
    "changed_options",
    "fitting_options",
]
