"""What is asked for first imports nothing that is slow: each in a fresh Python."""

import subprocess
import sys

import pytest

from tests.paths import DATA

BEAT = next((DATA / "golden" / "inputs" / "groove").glob("*.mid"))
HELP = "from pipelines.{} import build_parser; build_parser().format_help()"
FLAGS = "from lofi_tf.cli.{} import build_parser; build_parser().format_help()"
CASES = {
    "import lofi_tf; assert 'load_model' in dir(lofi_tf)": "tensorflow keras numpy yaml",
    HELP.format("preprocess_tfrecord"): "numpy tensorflow apache_beam note_seq",
    HELP.format("prepare_audio"): "numpy tensorflow apache_beam librosa",
    HELP.format("convert_dir_to_note_sequences"): "numpy tensorflow apache_beam note_seq",
    f"import lofi_tf.music.files as n; n.sequences_from_file({str(BEAT)!r}, 'a', 'c')": (
        "note_seq tensorflow librosa apache_beam"
    ),
    "import lofi_tf.data.converters.build": "tensorflow",
    "from lofi_tf.cli.models import main; main([])": "tensorflow keras numpy apache_beam",
    FLAGS.format("train"): "tensorflow keras numpy apache_beam",
    FLAGS.format("generate"): "tensorflow keras numpy apache_beam",
    FLAGS.format("attributes"): "tensorflow keras numpy apache_beam",
    "from lofi_tf.composing import plan, planning": "tensorflow keras",
    "from lofi_tf.training import cluster, options, run_folder": "tensorflow keras",
    "from lofi_tf.saving import hub, loading": "tensorflow keras",
}


@pytest.mark.parametrize("code", CASES)
def test_nothing_heavy_is_imported(code):
    look = f"import sys\n{code}\nprint(sorted(set({CASES[code].split()}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)
    assert (done.stdout.splitlines()[-1:], done.stderr) == (["[]"], "")
