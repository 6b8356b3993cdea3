"""Draws sequences with a model that comes along: its export, or the model in memory.

python -m benchmarks.stepping.sampling MODEL BATCH_SIZE litert|tensorflow|memory
"""

import sys

from benchmarks.stepping.on_demand import serve
from lofi_tf import quiet

with quiet.imports():
    import numpy as np

    from lofi_tf.backends.open import backend_of_model, open_backend
    from lofi_tf.generation import row_seeds
    from lofi_tf.saving.loading import load_model, weights_path


def build():
    """Returns a function that decodes a batch once."""
    name, batch_size, where = sys.argv[1:]
    size = int(batch_size)
    if where == "memory":
        backend = backend_of_model(*load_model(weights_path(name)))
    else:
        backend = open_backend(name, runtime=where)
    z_size = backend.config.model.z_size
    z = np.random.default_rng(0).normal(size=[size, z_size]).astype(np.float32)
    heat = np.full(size, 0.5, np.float32)
    return lambda: backend.decode(z, heat, row_seeds(0, size))


if __name__ == "__main__":
    serve(build)
