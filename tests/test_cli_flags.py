"""What the commands print where a person is to know something."""

import warnings

from lofi_tf.cli.flags import run_command
from lofi_tf.errors import LofiWarning


def test_warning_of_ours_is_one_line(capsys):
    assert run_command(lambda: warnings.warn("a is taken", LofiWarning, stacklevel=1)) == 0
    assert capsys.readouterr().err == "warning: a is taken\n"
