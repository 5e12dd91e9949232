"""Where a run takes place: one device, several, or several machines."""

import json
import os
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from wn_gan.config import Config
from wn_gan.errors import UserError, bad_flag

_SLURM_PORT = 8888


def make_strategy(config: Config) -> tf.distribute.Strategy:
    """The strategy of a config; to be made before TensorFlow is used.

    Args:
        config: of the run.

    Raises:
        UserError: for devices or workers that are not there, and a global
            batch that cannot be shared out evenly.
    """
    if config.num_virtual_devices is not None:
        _make_virtual_devices(config.num_virtual_devices)
    if config.strategy == "multi_worker":
        strategy = _multi_worker(config)
    elif config.strategy == "mirrored" or (
        config.strategy == "auto"
        and len(tf.config.list_logical_devices("GPU")) > 1
    ):
        strategy = tf.distribute.MirroredStrategy(_devices(config))
    else:
        strategy = tf.distribute.get_strategy()
    replicas = strategy.num_replicas_in_sync
    if config.batch_size % replicas:
        raise bad_flag(
            "batch_size",
            config.batch_size,
            f"must be a multiple of the {replicas} replicas",
        )
    return strategy


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


def _devices(config: Config) -> list[str] | None:
    """The CPU's parts where they are asked for, else every GPU."""
    if config.num_virtual_devices is None:
        if not tf.config.list_logical_devices("GPU"):
            raise bad_flag(
                "strategy",
                config.strategy,
                "this machine has no GPU; --num_virtual_devices=2 tries it "
                "on the CPU",
            )
        return None
    devices = tf.config.list_logical_devices("CPU")
    return [d.name for d in devices[: config.num_virtual_devices]]


def _multi_worker(config: Config) -> tf.distribute.Strategy:
    """Workers by flag, by TF_CONFIG or by Slurm, in this order."""
    if config.worker_hosts is not None:
        hosts = config.worker_hosts.split(",")
        if config.worker_index is None or config.worker_index >= len(hosts):
            raise bad_flag(
                "worker_index",
                config.worker_index,
                f"must be from 0 to {len(hosts) - 1}: which of --worker_hosts "
                "this process is",
            )
        task = {"type": "worker", "index": config.worker_index}
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
            config.strategy,
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
