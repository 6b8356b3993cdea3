"""What the commands print where a person is to know something."""

import warnings

import pytest

from lofi_tf.cli import export, train
from lofi_tf.cli.flags import run_command
from lofi_tf.errors import LofiWarning
from pipelines import convert_dir_to_note_sequences, preprocess_tfrecord


def test_warning_of_ours_is_one_line(capsys):
    assert run_command(lambda: warnings.warn("a is taken", LofiWarning, stacklevel=1)) == 0
    assert capsys.readouterr().err == "warning: a is taken\n"


@pytest.mark.parametrize(
    ("command", "flag", "message"),
    [
        (train, "--num_step=3", "unrecognized arguments: --num_step=3"),
        (train, "--num_steps=many", "argument --num_steps: invalid int value: 'many'"),
        (export, "--version=new", "invalid int value"),
        (convert_dir_to_note_sequences, "--recursive=maybe", "must be true or false"),
        (preprocess_tfrecord, "--is_drum=maybe", "must be true or false"),
    ],
)
def test_bad_flag_is_one_line_and_exit_2(command, flag, message, capsys):
    name = command.build_parser().prog
    with pytest.raises(SystemExit) as end:
        command.main([flag])
    err = capsys.readouterr().err
    assert end.value.code == 2
    assert err.startswith(f"{name}: error: ") and message in err
    assert err.endswith(f"; see {name} --help\n") and len(err.splitlines()) == 1
