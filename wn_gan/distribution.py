"""Devices and machines of a run."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from wn_gan.config import DeviceOptions
from wn_gan.errors import UserError, WorkerLost, bad_flag

_SLURM_PORT = 8888
# Found in messages of TensorFlow's collective operations and of gRPC.
_LOST_WORKER_SIGNS = (
    "/job:worker",
    "collective ops is aborted",
    "connection re",  # refused, reset
    "heartbeat",
    "peer",
    "socket closed",
    "task is unhealthy",
)


def make_strategy(options: DeviceOptions) -> tf.distribute.Strategy:
    """Returns the strategy of a config; call it before using TensorFlow.

    Args:
        options: for example a `Config`.

    Raises:
        UserError: for missing devices, or invalid or missing workers.
    """
    if options.num_virtual_devices is not None:
        _make_virtual_devices(options.num_virtual_devices)
    if options.strategy == "multi_worker":
        return _multi_worker(options)
    if options.strategy == "mirrored" or (
        options.strategy == "auto"
        and len(tf.config.list_logical_devices("GPU")) > 1
    ):
        return tf.distribute.MirroredStrategy(_devices(options))
    return tf.distribute.get_strategy()


def check_batch_size(batch_size: int, strategy: tf.distribute.Strategy) -> None:
    """Raises `UserError` if replicas cannot share the batch equally."""
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise bad_flag(
            "batch_size",
            batch_size,
            f"must be a multiple of the {replicas} replicas",
        )


def _make_virtual_devices(count: int) -> None:
    """Splits the CPU into logical devices, for tests and trials."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    wanted = [tf.config.LogicalDeviceConfiguration()] * count
    try:
        tf.config.set_logical_device_configuration(cpu, wanted)
    except RuntimeError:
        # TensorFlow has started; the existing devices may be enough.
        pass
    there = len(tf.config.list_logical_devices("CPU"))
    if there < count:
        raise bad_flag(
            "num_virtual_devices", count, f"this process has only {there}"
        )


def _devices(options: DeviceOptions) -> list[str] | None:
    """Returns the CPU's logical devices if asked for, else None: all GPUs."""
    if options.num_virtual_devices is None:
        if not tf.config.list_logical_devices("GPU"):
            raise bad_flag(
                "strategy",
                options.strategy,
                "this machine has no GPU; to try it on the CPU, add "
                "--num_virtual_devices=2",
            )
        return None
    devices = tf.config.list_logical_devices("CPU")
    return [d.name for d in devices[: options.num_virtual_devices]]


def _multi_worker(options: DeviceOptions) -> tf.distribute.Strategy:
    """Takes workers from flags, TF_CONFIG or Slurm, in this order."""
    if options.worker_hosts is not None:
        hosts = options.worker_hosts.split(",")
        if options.worker_index is None or options.worker_index >= len(hosts):
            raise bad_flag(
                "worker_index",
                options.worker_index,
                f"must be from 0 to {len(hosts) - 1}: the index of this "
                "process in --worker_hosts",
            )
        task = {"type": "worker", "index": options.worker_index}
        cluster = {"cluster": {"worker": hosts}, "task": task}
        os.environ["TF_CONFIG"] = json.dumps(cluster)
    resolver: Any = None
    if "TF_CONFIG" in os.environ:
        _check_tf_config(os.environ["TF_CONFIG"])
    elif "SLURM_STEP_NUM_TASKS" in os.environ:
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=_SLURM_PORT
        )
    else:
        raise bad_flag(
            "strategy",
            options.strategy,
            "needs --worker_hosts and --worker_index, TF_CONFIG, or srun",
        )
    return tf.distribute.MultiWorkerMirroredStrategy(resolver)


def _check_tf_config(text: str) -> None:
    try:
        found = json.loads(text)
        workers = found["cluster"]
        index = int(found["task"]["index"])
        kind = found["task"]["type"]
        if kind not in ("chief", "worker"):
            raise ValueError(f"task of type {kind}")
        if index >= len(workers.get(kind, [])):
            raise ValueError(f"{kind} {index} of {len(workers.get(kind, []))}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"TF_CONFIG={text}: must have cluster and task, as TensorFlow "
            f"documents it ({error!r})"
        ) from None


def planned_workers(options: DeviceOptions) -> int:
    """How many machines will share a batch, before there is a strategy.

    Args:
        options: for example a `Config`.

    Raises:
        UserError: for a `TF_CONFIG` that is none.
    """
    if options.strategy != "multi_worker":
        return 1
    if options.worker_hosts is not None:
        return len(options.worker_hosts.split(","))
    if "TF_CONFIG" in os.environ:
        _check_tf_config(os.environ["TF_CONFIG"])
        cluster = json.loads(os.environ["TF_CONFIG"])["cluster"]
        return sum(len(cluster.get(kind, ())) for kind in ("chief", "worker"))
    return int(os.environ.get("SLURM_STEP_NUM_TASKS", 1))


def num_workers(strategy: tf.distribute.Strategy) -> int:
    """Returns the number of processes."""
    resolver = strategy.cluster_resolver
    if resolver is None:
        return 1
    return sum(map(len, resolver.cluster_spec().as_dict().values())) or 1


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the chief, which writes all files."""
    resolver = strategy.cluster_resolver
    if resolver is None or num_workers(strategy) == 1:
        return True
    if resolver.task_type == "chief":
        return True
    has_chief = "chief" in resolver.cluster_spec().as_dict()
    return not has_chief and resolver.task_id == 0


def wait_for_all(strategy: tf.distribute.Strategy) -> None:
    """Blocks until all workers have called it."""
    if num_workers(strategy) == 1:
        return

    def meet():
        replica = tf.distribute.get_replica_context()
        return replica.all_reduce(tf.distribute.ReduceOp.SUM, tf.ones([]))

    met = tf.function(lambda: strategy.run(meet))()
    strategy.experimental_local_results(met)[0].numpy()


@contextlib.contextmanager
def losing_workers(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Converts TensorFlow's errors about a lost worker to `WorkerLost`.

    Other errors pass unchanged.

    Raises:
        WorkerLost: if another worker is gone.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if num_workers(strategy) == 1 or not _means_lost_worker(error):
            raise
        raise WorkerLost(
            "another worker is gone; restart all workers to resume from the "
            "last checkpoint"
        ) from error


def _means_lost_worker(error: tf.errors.OpError) -> bool:
    """Whether an error means that another worker is lost."""
    if isinstance(error, tf.errors.UnavailableError):
        return True
    kinds = (
        tf.errors.AbortedError,
        tf.errors.CancelledError,
        tf.errors.DeadlineExceededError,
        tf.errors.InternalError,
    )
    message = error.message.lower()
    return isinstance(error, kinds) and any(
        sign in message for sign in _LOST_WORKER_SIGNS
    )


def over_replicas(
    strategy: tf.distribute.Strategy, parts: Callable[[int], Any]
) -> Any:
    """Distributes one part to each replica.

    Args:
        strategy: defines the replicas.
        parts: replica number, counted over all workers -> its part.
    """
    return strategy.experimental_distribute_values_from_function(
        lambda context: parts(context.replica_id_in_sync_group)
    )
