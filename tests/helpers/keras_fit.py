"""Keras' own fit, three steps, under MultiWorkerMirroredStrategy."""

import json
import os
import sys

hosts, index = sys.argv[1].split(","), int(sys.argv[2])
os.environ["TF_CONFIG"] = json.dumps(
    {
        "cluster": {"worker": hosts},
        "task": {"type": "worker", "index": index},
    }
)

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

strategy = tf.distribute.MultiWorkerMirroredStrategy()
with strategy.scope():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
x = np.ones((12, 2), np.float32)
data = tf.data.Dataset.from_tensor_slices((x, x[:, :1])).batch(4)
options = tf.data.Options()
options.experimental_distribute.auto_shard_policy = (
    tf.data.experimental.AutoShardPolicy.DATA
)
model.fit(data.with_options(options), verbose=0, shuffle=False)
print("fit has ended")
