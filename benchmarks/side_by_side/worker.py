"""The conversation of a worker with the timing process.

A worker prints one JSON line once it is ready, then one for each line that it
reads. Nothing is timed while another worker is.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

WARM_UP_STEPS = 3
ROUND_SECONDS = 1.0
STARTED = "WORKER_STARTED"
"""Environment variable: when the process was started, as Unix time."""
LEAST_STEPS = 2


def images_per_second(
    step: Callable[[], Any],
    wait: Callable[[Any], None],
    images: float,
    about: dict[str, Any],
) -> None:
    """Times rounds of a step until stdin ends.

    Args:
        step: takes one step, perhaps asynchronously.
        wait: ends when a step's result is there.
        images: number of images, or of whatever is counted, in a step.
        about: what to tell of the worker when it is ready.
    """
    result = step()
    wait(result)
    since = time.time() - float(os.environ.get(STARTED, time.time()))
    start = time.perf_counter()
    for _ in range(WARM_UP_STEPS):
        result = step()
    wait(result)
    seconds = (time.perf_counter() - start) / WARM_UP_STEPS
    steps = max(LEAST_STEPS, round(ROUND_SECONDS / seconds))
    about = about | {"seconds_to_first_step": round(since, 1)}
    tell(about | {"steps_per_round": steps, "cpus": os.cpu_count()})
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(steps):
            result = step()
        wait(result)
        rate = images * steps / (time.perf_counter() - start)
        tell({"rate": rate, "peak_memory_mib": peak_memory_mib()})


def peak_memory_mib() -> int:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def tell(message: dict[str, Any]) -> None:
    """Prints a JSON line."""
    print(json.dumps(message), flush=True)
