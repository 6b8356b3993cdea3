"""What every test shares."""

import fcntl
import gc
import os
import shutil
from pathlib import Path

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


def shared(factory, name, make):
    """Returns the folder that `make(folder)` returns, made once for all workers."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / name).exists():
            make(factory.mktemp(name)).rename(base / name)
    return base / name


@pytest.fixture(scope="session")
def groove_run(tmp_path_factory):
    """A run of `lofi_train` on real grooves."""
    from lofi_tf.cli import train
    from tests.grooves import train_flags, write_groove_records

    def make(folder):
        records = write_groove_records(folder / "x.tfrecord")
        assert train.main(train_flags(folder / "run", records)) == 0
        return folder / "run"

    return shared(tmp_path_factory, "groove_run", make)


@pytest.fixture(scope="session")
def groove_export(tmp_path_factory):
    """The export of `scrambled_model("groovae_2bar_humanize")`."""
    from lofi_tf.saving.export import export, place
    from tests.grooves import scrambled_model

    def make(folder):
        return export(*scrambled_model("groovae_2bar_humanize"), place(folder, "beats")).parent

    return shared(tmp_path_factory, "groove_export", make) / "1"


@pytest.fixture(scope="session")
def litert_export(groove_export, tmp_path_factory):
    """The same export with its LiteRT form."""
    from lofi_tf.saving.litert import write_beside
    from lofi_tf.saving.loading import load_model

    def make(folder):
        copy = Path(shutil.copytree(groove_export, folder / "beats" / "1"))
        write_beside(copy, *load_model(copy))
        return copy.parent

    return shared(tmp_path_factory, "litert_export", make) / "1"
