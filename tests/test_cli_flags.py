"""What the commands print where a person is to know something."""

import warnings

import pytest

from lofi_tf.cli import export, train
from lofi_tf.cli.flags import counted, run_command, teller
from lofi_tf.errors import LofiWarning
from pipelines import convert_dir_to_note_sequences, preprocess_tfrecord


def test_warning_of_ours_is_one_line(capsys):
    assert run_command(lambda: warnings.warn("a is taken", LofiWarning, stacklevel=1)) == 0
    assert capsys.readouterr().err == "warning: a is taken\n"


def test_interrupt_says_where_it_came(capsys):
    def stopped(*where):
        raise KeyboardInterrupt(*where)

    assert run_command(lambda: stopped("stopped at step 41, saved")) == 130
    assert run_command(stopped) == 130
    assert capsys.readouterr().err == "stopped at step 41, saved\nstopped\n"


@pytest.mark.parametrize(
    ("log", "lines"), [("INFO", ["warning: b", "a"]), ("WARN", ["warning: b"]), ("ERROR", [])]
)
def test_levels_of_log_say_all_or_warn_or_neither(log, lines, capsys):
    def work():
        tell = teller(log)
        warnings.warn("b", LofiWarning, stacklevel=1)
        tell("a")

    assert run_command(work) == 0
    assert capsys.readouterr().err.splitlines() == lines


def test_counted_knows_one():
    assert [counted(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


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
