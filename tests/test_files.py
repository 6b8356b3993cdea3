"""Paths in flags: the home folder, schemes, folders in place of files; told before any work."""

from pathlib import Path

import pytest

from lofi_tf.cli import (
    analyze,
    compose,
    evaluate,
    export,
    generate,
    play,
    render,
    train,
    transcribe,
)
from lofi_tf.cli.flags import Parser
from lofi_tf.errors import LofiError
from lofi_tf.files import check_writable, local_path
from pipelines import (
    convert_dir_to_note_sequences,
    prepare_audio,
    prepare_paired,
    preprocess_tfrecord,
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("~", "{home}"),
        ("~/a b.mid", "{home}/a b.mid"),
        ("~/a,~/b", "{home}/a,{home}/b"),
        ("a~/b", "a~/b"),
        ("file:///tmp/a%20b.mid", "/tmp/a b.mid"),
        ("https://host/v1/models/x", "https://host/v1/models/x"),
        ("drums:-2,bass:1", "drums:-2,bass:1"),
        ("C:/music/a.mid", "C:/music/a.mid"),
    ],
)
def test_paths_are_those_of_this_machine(home, given, expected):
    assert local_path(given) == expected.format(home=home)


def test_flags_of_every_form_and_arguments_are_read_so(home):
    parser = Parser("x", None)
    parser.add_argument("--a")
    parser.add_argument("--b")
    parser.add_argument("input")
    flags = ["--a=~/1", "--b", "~/2", "~/3", "--temp_location=gs://x", "--staging", "gs://y"]
    args, others = parser.parse_known_args(flags)
    assert (args.a, args.b, args.input) == tuple(f"{home}/{n}" for n in (1, 2, 3))
    assert others == flags[4:]  # Beam's own


COMMANDS = [
    (analyze, ["--examples_path={}"]),
    (compose, ["--output={}.wav"]),
    (evaluate, ["--output_dir={}"]),
    (export, ["--output_dir={}"]),
    (generate, ["--output_dir={}"]),
    (play, ["--output_dir={}"]),
    (render, ["a.mid", "{}.wav"]),
    (train, ["--run_dir={}"]),
    (transcribe, ["{}.wav", "--model=x"]),
    (convert_dir_to_note_sequences, ["--input_dir=x", "--output_file={}"]),
    (prepare_audio, ["--input_dir={}", "--output_dir=x"]),
    (prepare_paired, ["--output_dir={}"]),
    (preprocess_tfrecord, ["--input_tfrecord=x", "--output_tfrecord", "{}"]),
]


@pytest.mark.parametrize(("command", "flags"), COMMANDS)
@pytest.mark.parametrize("scheme", ["gs", "s3", "hdfs", "abfss"])
def test_other_places_are_refused(tmp_path, monkeypatch, capsys, command, flags, scheme):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        command.main([flag.format(f"{scheme}://bucket/x") for flag in flags])
    (line,) = capsys.readouterr().err.splitlines()
    assert end.value.code == 2 and "on a disk of this machine" in line and f"{scheme}://" in line
    assert not list(tmp_path.iterdir())


def test_other_places_are_refused_in_python_too():
    with pytest.raises(LofiError, match="on a disk of this machine"):
        check_writable(Path("gs://bucket/x.mid"))


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        (render, ["{}", "a.wav"]),
        (render, ["a.mid", "a.wav", "--preset={}"]),
        (transcribe, ["{}", "--model=x"]),
        (generate, ["--mode=humanize", "--model=groovae_2bar_humanize", "--input_midi={}"]),
        (generate, ["--mode=sample", "--config={}"]),
        (train, ["--config={}", "--run_dir=run", "--examples_path=x"]),
    ],
)
def test_a_folder_in_place_of_a_file_is_told(tmp_path, monkeypatch, capsys, command, flags):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "songs").mkdir()
    (tmp_path / "a.mid").touch()
    assert command.main([flag.format("songs") for flag in flags]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "folder" in line and "songs" in line and not (tmp_path / "a.wav").exists()


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--soundfont=none.sf2", "cannot read the SoundFont none.sf2"),
        ("--soundfont=songs", "Is a directory"),
        ("--drum_kit=none", "a drum kit is a folder"),
        ("--drum_kit=songs", "is named after a drum"),
    ],
)
@pytest.mark.parametrize("command", ["compose", "render"])
def test_what_cannot_be_played_is_told_first(tmp_path, monkeypatch, capsys, command, flag, message):
    from lofi_tf.composing import compose as composing
    from lofi_tf.rendering import render as rendering

    monkeypatch.chdir(tmp_path)
    (tmp_path / "songs").mkdir()
    (tmp_path / "a.mid").touch()
    for module, name in ((composing, "compose"), (rendering, "render")):
        monkeypatch.setattr(module, name, None)  # neither is reached
    monkeypatch.setattr(render, "open_mappable", None)
    run = {"compose": [compose, "--output=a.wav"], "render": [render, "a.mid", "a.wav"]}[command]
    assert run[0].main([*run[1:], flag, "--html=a.html", "--map_model=groovae_4bar"]) == 2
    assert message in capsys.readouterr().err
