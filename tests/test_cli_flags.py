"""What the commands print where a person is to know something."""

import importlib
import subprocess
import sys
import warnings

import pytest

from lofi_tf.cli import analyze, attributes, export, generate, play, search, train, transcribe
from lofi_tf.cli.flags import counted, logger, run_command
from lofi_tf.errors import LofiWarning
from pipelines import (
    convert_dir_to_note_sequences,
    prepare_audio,
    prepare_paired,
    preprocess_tfrecord,
)


def test_warning_of_ours_is_one_line(capsys):
    assert run_command(lambda: warnings.warn("a is taken", LofiWarning, stacklevel=1)) == 0
    assert capsys.readouterr().err == "warning: a is taken\n"


def test_a_command_ends_without_a_search_for_garbage_and_cleans_up(tmp_path):
    code = (
        "import sys, tempfile\n"
        "from lofi_tf.cli.flags import run_command\n"
        "class Costly:\n"
        "    def __del__(self): print('searched')\n"
        "def work():\n"
        "    one = Costly()\n"
        "    one.own = one\n"
        f"    work.folder = tempfile.TemporaryDirectory(dir={str(tmp_path)!r})\n"
        "    print('worked')\n"
        "sys.exit(run_command(work) or 7)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (7, "worked\n")
    assert not list(tmp_path.iterdir())


def test_interrupt_says_where_it_came(capsys):
    def stopped(*where):
        raise KeyboardInterrupt(*where)

    assert run_command(lambda: stopped("stopped at step 41, saved")) == 130
    assert run_command(stopped) == 130
    assert capsys.readouterr().err == "stopped at step 41, saved\nstopped\n"


@pytest.mark.parametrize(
    ("level", "lines"), [("INFO", ["warning: b", "a"]), ("WARN", ["warning: b"]), ("ERROR", [])]
)
def test_levels_of_log_say_all_or_warn_or_neither(level, lines, capsys):
    def work():
        log = logger(level)
        warnings.warn("b", LofiWarning, stacklevel=1)
        log("a")

    assert run_command(work) == 0
    assert capsys.readouterr().err.splitlines() == lines


def test_counted_knows_one():
    assert [counted(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


@pytest.mark.parametrize(
    ("command", "flag", "message"),
    [
        (train, "--num_step=3", "flag. Did you mean --num_steps? Received: --num_step=3;"),
        (train, "-num_steps=3", "Did you mean --num_steps?"),
        (train, "--qwertz", "unknown flag. --help lists the allowed ones. Received: --qwertz;"),
        (train, "here", "unrecognized arguments: here"),
        (search, "--num_trial=3", "Did you mean --num_trials?"),
        (generate, "--temprature=1", "Did you mean --temperature?"),
        (attributes, "--example_path=x", "Did you mean --examples_path?"),
        (analyze, "--nobaseline", "Did you mean --nobaselines?"),
        (export, "--license=MIT", "Did you mean --licence?"),
        (play, "--modes=midi", "Did you mean --mode?"),
        (transcribe, "--gate=3", "Did you mean --gate_db?"),
        (train, "--num_steps=many", "argument --num_steps: invalid int value: 'many'"),
        (export, "--version=new", "invalid int value"),
        (convert_dir_to_note_sequences, "--recursive=maybe", "must be true or false"),
        (convert_dir_to_note_sequences, "--recursiv=1", "Did you mean --recursive?"),
        (preprocess_tfrecord, "--is_drum=maybe", "must be true or false"),
        (preprocess_tfrecord, "--is_drums", "Did you mean --is_drum?"),
        (prepare_audio, "--clips_seconds=1", "Did you mean --clip_seconds?"),
        (prepare_audio, "--runner=DirectRunner", "arguments are required: --input_dir"),
        (prepare_paired, "--num_chord=1", "Did you mean --num_chords?"),
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


def test_values_are_no_flags():
    args = transcribe.build_parser().parse_args(["--model=x", "--gate_db", "-3", "--", "--a.wav"])
    assert (args.gate_db, args.input) == (-3, "--a.wav")
    paired = ["--output_dir=x", "--floor_db", "-80", "--direct_num_workers=2", "--runner", "a"]
    args, others = prepare_paired.build_parser().parse_known_args(paired)
    assert args.floor_db == -80 and others == ["--direct_num_workers=2", "--runner", "a"]


@pytest.mark.parametrize(
    ("main", "flag", "meant"),
    [
        ("generate", "--genre=jazz", "--style"),
        ("generate", "--bpm=90", "--qpm"),
        ("generate", "--num_output=2", "--num_outputs"),
        ("compose", "--genre=jazz", "--mood"),
        ("compose", "--tempo=80", "--qpm"),
        ("train", "--data=x", "--examples_path"),
    ],
)
def test_words_of_elsewhere_are_known(main, flag, meant, capsys):
    module = importlib.import_module(f"lofi_tf.cli.{main}")
    with pytest.raises(SystemExit):
        module.build_parser().parse_args([flag])
    assert f"Did you mean {meant}?" in capsys.readouterr().err


def test_words_that_are_like_no_other_have_no_hint(capsys):
    from lofi_tf.cli.generate import build_parser

    with pytest.raises(SystemExit):
        build_parser().parse_args(["--wibble"])
    assert "--help lists the allowed ones" in capsys.readouterr().err
