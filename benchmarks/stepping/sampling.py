"""Draws sequences with our model, here or exported.

python -m benchmarks.stepping.sampling CONFIG BATCH_SIZE model|export
"""

import sys
import tempfile

from benchmarks.stepping.on_demand import serve
from lofi_tf import quiet
from lofi_tf.config import load_config

with quiet.imports():
    import numpy as np

    from lofi_tf.backends.open import backend_of_model, open_backend
    from lofi_tf.generation import row_seeds
    from lofi_tf.models.build import build_model
    from lofi_tf.saving.export import export, place


def build():
    """Builds a config's backend; weights are as training begins with them."""
    name, batch_size, where = sys.argv[1:]
    config, size = load_config(name), int(batch_size)
    model = build_model(config)
    backend = backend_of_model(model, config)
    if where == "export":
        with tempfile.TemporaryDirectory() as folder:
            backend = open_backend(export(model, config, place(folder, name)))
    z = np.random.default_rng(0).normal(size=[size, config.model.z_size]).astype(np.float32)
    heat = np.full(size, 0.5, np.float32)
    return lambda: backend.decode(z, heat, row_seeds(0, size))


if __name__ == "__main__":
    serve(build)
