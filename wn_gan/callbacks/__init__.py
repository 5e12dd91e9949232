"""What happens between training steps: tests, grids, reports, checkpoints."""

from wn_gan.callbacks.diagnosing import Diagnose
from wn_gan.callbacks.guard import Guard
from wn_gan.callbacks.reporting import ReportMetrics
from wn_gan.callbacks.run import Run, Standing
from wn_gan.callbacks.sampling import SampleGrid
from wn_gan.callbacks.saving import SaveCheckpoint
from wn_gan.callbacks.schedule import Action, Interrupted, Schedule
from wn_gan.callbacks.testing import TestGenerator
from wn_gan.callbacks.watch_feed import WatchFeed

__all__ = [
    "Action",
    "Diagnose",
    "Guard",
    "Interrupted",
    "ReportMetrics",
    "Run",
    "SampleGrid",
    "SaveCheckpoint",
    "Schedule",
    "Standing",
    "TestGenerator",
    "WatchFeed",
]
