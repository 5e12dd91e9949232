"""Where a run takes place: one device, several, or several machines."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from wn_gan.config import DeviceOptions
from wn_gan.errors import UserError, WorkerLost, bad_flag

_SLURM_PORT = 8888
# In messages of TensorFlow's collective operations and of gRPC.
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
    """The strategy of a config; to be made before TensorFlow is used.

    Args:
        options: such as a `Config`.

    Raises:
        UserError: for devices or workers that are not there.
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
    """Raises `UserError` for a global batch that replicas cannot share."""
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
        # TensorFlow has started; what is there may be enough.
        pass
    there = len(tf.config.list_logical_devices("CPU"))
    if there < count:
        raise bad_flag(
            "num_virtual_devices", count, f"this process has only {there}"
        )


def _devices(options: DeviceOptions) -> list[str] | None:
    """The CPU's parts where they are asked for, else every GPU."""
    if options.num_virtual_devices is None:
        if not tf.config.list_logical_devices("GPU"):
            raise bad_flag(
                "strategy",
                options.strategy,
                "this machine has no GPU; --num_virtual_devices=2 tries it "
                "on the CPU",
            )
        return None
    devices = tf.config.list_logical_devices("CPU")
    return [d.name for d in devices[: options.num_virtual_devices]]


def _multi_worker(options: DeviceOptions) -> tf.distribute.Strategy:
    """Workers by flag, by TF_CONFIG or by Slurm, in this order."""
    if options.worker_hosts is not None:
        hosts = options.worker_hosts.split(",")
        if options.worker_index is None or options.worker_index >= len(hosts):
            raise bad_flag(
                "worker_index",
                options.worker_index,
                f"must be from 0 to {len(hosts) - 1}: which of --worker_hosts "
                "this process is",
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
        hosts = [*workers.get("chief", []), *workers.get("worker", [])]
        if index >= len(hosts):
            raise ValueError(f"index {index} of {len(hosts)} workers")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"TF_CONFIG={text}: must have cluster and task, as TensorFlow "
            f"documents it ({error!r})"
        ) from None


def num_workers(strategy: tf.distribute.Strategy) -> int:
    """How many processes take part."""
    resolver = strategy.cluster_resolver
    if resolver is None:
        return 1
    return sum(map(len, resolver.cluster_spec().as_dict().values())) or 1


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes."""
    resolver = strategy.cluster_resolver
    if resolver is None or num_workers(strategy) == 1:
        return True
    if resolver.task_type == "chief":
        return True
    has_chief = "chief" in resolver.cluster_spec().as_dict()
    return not has_chief and resolver.task_id == 0


def wait_for_all(strategy: tf.distribute.Strategy) -> None:
    """Returns when all workers have called it."""
    if num_workers(strategy) == 1:
        return

    def meet():
        replica = tf.distribute.get_replica_context()
        return replica.all_reduce(tf.distribute.ReduceOp.SUM, tf.ones([]))

    met = tf.function(lambda: strategy.run(meet))()
    strategy.experimental_local_results(met)[0].numpy()


@contextlib.contextmanager
def losing_workers(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Turns TensorFlow's errors about a lost worker into one line.

    Any other error is left as it is.

    Raises:
        WorkerLost: when another worker is gone.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if num_workers(strategy) == 1 or not _means_lost_worker(error):
            raise
        raise WorkerLost(
            "another worker is gone; start all of them again to go on from "
            "what is saved"
        ) from error


def _means_lost_worker(error: tf.errors.OpError) -> bool:
    """Whether an error is one of the connection to another worker."""
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
    """A distributed value.

    Args:
        strategy: whose replicas get it.
        parts: number of a replica, of all workers -> its part.
    """
    return strategy.experimental_distribute_values_from_function(
        lambda context: parts(context.replica_id_in_sync_group)
    )
