"""Files that TensorFlow Serving reads besides the model."""

from importlib import util
from pathlib import Path

import numpy as np
import tensorflow as tf

from wn_gan.config import SERVING_BATCH_SIZE
from wn_gan.export.served import ServedGenerator
from wn_gan.files import write_text


def write_server_config(output: Path) -> None:
    """Writes `models.config` and `batching_parameters.txt`.

    The server must have the model in `/models/<name>`.
    """
    write_text(
        output / "models.config",
        "model_config_list {\n"
        "  config {\n"
        f'    name: "{output.name}"\n'
        f'    base_path: "/models/{output.name}"\n'
        '    model_platform: "tensorflow"\n'
        "  }\n"
        "}\n",
    )
    write_text(
        output / "batching_parameters.txt",
        f"max_batch_size {{ value: {SERVING_BATCH_SIZE} }}\n"
        "batch_timeout_micros { value: 2000 }\n"
        "max_enqueued_batches { value: 100 }\n"
        "num_batch_threads { value: 4 }\n",
    )


def example_inputs(
    served: ServedGenerator, count: int
) -> dict[str, dict[str, np.ndarray]]:
    """Returns example inputs of every signature, by its name.

    Args:
        served: the model.
        count: batch size of each input.
    """
    z = tf.random.stateless_normal([count, served.code_size], [1, count])
    images = tf.random.stateless_uniform(
        [count, *served.image_shape], [2, count]
    )
    truncation = np.linspace(0.5, 7.0, count).astype(np.float32)
    return {
        "serving_default": {"z": z.numpy()},
        "sample": {
            "seed": np.arange(count, dtype=np.int64),
            "truncation": truncation,
        },
        "png": {"z": z.numpy()},
        "reconstruct": {"images": images.numpy()},
    }


def write_warmup(served: ServedGenerator, model: Path, name: str) -> bool:
    """Writes one warm-up request per signature.

    The file is `assets.extra/tf_serving_warmup_requests`.

    Args:
        served: the model.
        model: folder of the version.
        name: name of the model.

    Returns:
        Whether it was written: it needs tensorflow-serving-api.
    """
    if util.find_spec("tensorflow_serving") is None:
        return False
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    path = model / "assets.extra" / "tf_serving_warmup_requests"
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in example_inputs(served, 1).items():
            request = predict_pb2.PredictRequest()
            request.model_spec.name = name
            request.model_spec.signature_name = signature
            for key, array in inputs.items():
                tensor = tf.make_tensor_proto(array)
                request.inputs[key].CopyFrom(tensor)
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            writer.write(log.SerializeToString())
    return True
