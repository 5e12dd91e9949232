"""The conversation of a worker with the timing process.

A worker prints one JSON line once it is ready, then one for each line that it
reads. Nothing is timed while another worker is.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

WARM_UP_STEPS = 3
ROUND_SECONDS = 1.5
LEAST_STEPS = 2


def images_per_second(
    step: Callable[[], Any],
    wait: Callable[[Any], None],
    images: int,
    about: dict[str, Any],
) -> None:
    """Times rounds of a step until stdin ends.

    Args:
        step: takes one step, perhaps asynchronously.
        wait: ends when a step's result is there.
        images: number of images in a step.
        about: what to tell of the worker when it is ready.
    """
    result = step()
    wait(result)
    start = time.perf_counter()
    for _ in range(WARM_UP_STEPS):
        result = step()
    wait(result)
    seconds = (time.perf_counter() - start) / WARM_UP_STEPS
    steps = max(LEAST_STEPS, round(ROUND_SECONDS / seconds))
    tell(about | {"steps_per_round": steps, "cpus": os.cpu_count()})
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(steps):
            result = step()
        wait(result)
        tell({"rate": images * steps / (time.perf_counter() - start)})


def tell(message: dict[str, Any]) -> None:
    """Prints a JSON line."""
    print(json.dumps(message), flush=True)
