"""Calls that must not load TensorFlow into the study's process."""

import concurrent.futures
import multiprocessing
from collections.abc import Callable
from typing import Any


def in_own_process(function: Callable, *arguments: Any) -> Any:
    """Calls a function in a process of its own, which ends with its memory.

    Args:
        function: of a module, so that the other process can import it.
        *arguments: picklable.

    Returns:
        What the function returns; its errors are raised here.
    """
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, spawn) as pool:
        return pool.submit(function, *arguments).result()
