"""What every test shares."""

import fcntl
import gc
import os

import pytest

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


@pytest.fixture(scope="session")
def groove_run(tmp_path_factory):
    """A run of `lofi_train` on real grooves, the same for all workers: it is not written to."""
    from lofi_tf.cli import train
    from tests.grooves import train_flags, write_groove_records

    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with open(base / "groove_run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / "groove_run").exists():
            folder = tmp_path_factory.mktemp("groove_run")
            records = write_groove_records(folder / "x.tfrecord")
            assert train.main(train_flags(folder / "run", records)) == 0
            (folder / "run").rename(base / "groove_run")
    return base / "groove_run"
