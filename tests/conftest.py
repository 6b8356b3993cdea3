"""What every test shares."""

import gc
import os

from lofi_tf import quiet

quiet.silence_tensorflow()
# The tests' arrays are tiny: handing them to other threads costs a fifth of the suite's CPU time.
for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


def pytest_collection_finish():
    """Spares the garbage collector the libraries that are imported, which it would visit again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
