"""Imports under `quiet.imports` print nothing, and nothing of it stays behind."""

import os
import subprocess
import sys

import pytest

QUIET = "from lofi_tf import quiet\nwith quiet.imports():\n    "


def run(code, **options):
    """Runs code in a fresh Python; returns the finished process with its output."""
    return subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith(("TF_", "KERAS_"))},
        **options,
    )


def test_imports_heavy_packages_print_nothing():
    code = (
        "import keras, tensorflow as tf, tensorflow_probability as tfp\n"
        "    import apache_beam.io.tfrecordio\n"
        "    tfp.distributions.Normal(0.0, 1.0)\n"
        "tf.zeros([2]) + 1.0"
    )
    done = run(QUIET + code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "shout",
    [
        "import os; os.write(2, b'noise')",
        "import sys; sys.stderr.write('noise')",
        "import warnings; warnings.warn('noise')",
        "import logging; logging.warning('noise')",
    ],
)
def test_imports_noise_is_silent_inside_and_heard_after(shout):
    done = run(f"{QUIET}{shout}\n{shout}")
    assert done.returncode == 0
    assert done.stderr.count("noise") == 1


def test_imports_exception_passes_with_traceback():
    done = run(QUIET + "import no_such_package")
    assert done.returncode == 1
    assert "No module named 'no_such_package'" in done.stderr


def test_imports_stderr_closed_runs():
    code = QUIET + "import json\nprint('done')"
    done = run(code, preexec_fn=lambda: os.close(2))
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_imports_stderr_without_descriptor_runs():
    code = "import io, sys\nsys.stderr = io.StringIO()\n" + QUIET + "import json\nprint('done')"
    assert run(code).stdout == "done\n"


def test_imports_of_keras_leave_out_what_is_importable_after():
    names = ("sklearn", "matplotlib", "pandas")
    code = f"import sys\n{QUIET}import keras\nprint(*[n in sys.modules for n in {names}])\n"
    code += "import matplotlib, pandas, sklearn\nprint(sklearn.__name__, pandas.__name__)"
    assert run(code).stdout == "False False False\nsklearn pandas\n"


def test_imports_keep_a_package_that_is_there():
    code = f"import matplotlib\n{QUIET}import matplotlib as other\nprint(other is matplotlib)"
    assert run(code).stdout == "True\n"


def test_hush_keeps_given_environment(monkeypatch):
    from lofi_tf import quiet

    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    quiet.silence_tensorflow()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
