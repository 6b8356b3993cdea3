"""`lofi_models` lists what is there and shows cards; a fresh install makes beats with no flag."""

import os
import subprocess
import sys
from argparse import Namespace

import pytest

from lofi_tf.backends.open import open_backend
from lofi_tf.cli import attributes, generate, models
from lofi_tf.cli.generate import _writer
from lofi_tf.music.midi import read_midi, write_midi
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.saving import export, hub
from lofi_tf.saving.model_card import Facts
from tests.grooves import scrambled_model, write_groove_records
from tests.mirrors import KICK, SNARE, drums

FACTS = Facts(
    summary="four bars of drums", data="nothing", licence="CC0-1.0", precision="float16", step=3
)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A folder of small exports, two for beats, one to humanize and one over chords."""
    folder = tmp_path_factory.mktemp("saved_models")
    for name in ("groove_4bar", "groovae_4bar", "groove_humanize", "cat-mel_2bar_med_chords"):
        model, config = scrambled_model(name)
        facts = FACTS if name == "groovae_4bar" else Facts()
        export.export(model, config, export.place(folder, name), facts)
    return folder


@pytest.fixture(autouse=True)
def place(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "saved_models_dir", lambda: shipped)
    monkeypatch.delenv("LOFI_TF_MODELS", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def generated(tmp_path, capsys):
    def generated(*flags):
        assert generate.main([f"--output_dir={tmp_path / 'out'}", "--seed=1", *flags]) == 0
        names = sorted(path.name for path in (tmp_path / "out").glob("*.mid"))
        return names, capsys.readouterr().err.splitlines()[-1]

    return generated


def test_a_line_a_model(shipped, capsys):
    assert models.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(path.name for path in shipped.iterdir())
    (line,) = (line for line in lines if line.startswith("groovae_4bar "))
    for part in (FACTS.summary, FACTS.data, FACTS.licence, "MB", str(shipped / "groovae_4bar")):
        assert part in line


def test_a_name_shows_the_card_and_the_folder(shipped, capsys):
    assert models.main(["groovae_4bar"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["# groovae_4bar", "", "four bars of drums."]
    assert lines[-1] == f"Folder: {(shipped / 'groovae_4bar' / '1').resolve()}"


def test_mistakes_are_one_line(capsys, monkeypatch, tmp_path):
    assert models.main(["groovae_5bar"]) == 2
    assert "Did you mean 'groovae_4bar'" in capsys.readouterr().err
    assert models.main([str(tmp_path)]) == 2
    assert "is no export" in capsys.readouterr().err
    monkeypatch.setattr(hub, "saved_models_dir", lambda: tmp_path)
    assert models.main([]) == 2
    assert "there is no model in" in capsys.readouterr().err


def test_beats_with_no_flag(generated):
    names, last = generated("--num_outputs=5")
    assert len(names) == 5
    assert all(name.startswith("groove_4bar_sample_") for name in names)
    assert last.endswith("(--model=groove_4bar --seed=1).")


def test_beats_of_an_export_need_no_import_of_the_models(shipped, tmp_path):
    code = (
        "import sys; from lofi_tf.cli.generate import main; main(['--output_dir=out'])\n"
        "heavy = {'tensorflow_probability', 'lofi_tf.models.sequence.vae'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    given = {**os.environ, "LOFI_TF_MODELS": str(shipped)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=given)
    assert done.stdout == "[]\n"
    lines = [line for line in done.stderr.splitlines() if "moved to its start" not in line]
    assert len(lines) == 1
    assert lines[0].startswith("Wrote 5 files to out (--model=groove_4bar --seed=")


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        (["--mode=humanize", "--input_midi=beat.mid"], "groove_humanize"),
        (["--mode=continue", "--input_midi=beat.mid"], "groove_4bar"),
        (["--chords=C Am"], "cat-mel_2bar_med_chords"),
        (["--config=groovae_4bar"], "groovae_4bar"),
    ],
)
def test_the_model_that_fits_is_taken(flags, name, generated, tmp_path):
    write_midi(drums((0, KICK, 100), (4, SNARE, 90), (16, KICK, 80)), tmp_path / "beat.mid")
    names, last = generated(*flags)
    assert names[0].startswith(f"{name}_")
    assert f"(--model={name} " in last


def test_a_name_alone_asks_for_no_settings(tmp_path, capsys):
    """The models here are smaller than the configs of their names."""
    flags = ["--config=groovae_4bar", "--num_outputs=1", f"--output_dir={tmp_path}"]
    assert generate.main(flags) == 0
    assert "settings are taken" not in capsys.readouterr().err


def test_outputs_without_notes_are_said(tmp_path, capsys):
    args = Namespace(output_dir=tmp_path, png=False, mode="sample")
    said = []
    _writer(args, "a_%s", said.append)([NoteSequence(), NoteSequence()], "sample")
    assert said == ["2 of 2 outputs have no notes: other seeds or temperatures draw others."]


def test_a_name_gives_what_its_folder_gives(generated, shipped, tmp_path):
    generated("--model=groovae_4bar", "--num_outputs=1")
    (one,) = (tmp_path / "out").glob("*.mid")
    first = one.read_bytes()
    one.unlink()
    _, last = generated(f"--model={shipped / 'groovae_4bar' / '1'}", "--num_outputs=1")
    (other,) = (tmp_path / "out").glob("*.mid")
    assert other.read_bytes() == first
    assert read_midi(first).notes
    assert last.endswith("(--seed=1).")


def test_the_library_knows_names_too():
    assert open_backend("groove_humanize").config.name == "groove_humanize"


def test_attributes_of_a_name_lie_in_its_folder(shipped, tmp_path):
    records = write_groove_records(tmp_path / "x.tfrecord")
    flags = ["--model=groovae_4bar", f"--examples_path={records}"]
    assert attributes.main(flags) == 0
    export_folder = shipped / "groovae_4bar" / "1"
    assert (export_folder / "assets.extra" / "attributes.npz").is_file()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model=groovae_4bars"], "Did you mean 'groovae_4bar'"),
        (["--config=groovae_2bar_add_closed_hh"], "give --model (or --run_dir)"),
        (["--config=groovae_2bar_add_closed_hh"], "no model groovae_2bar_add_closed_hh"),
        (["--mode=continue", "--input_audio=a.wav"], "there is no model continuation_lstm"),
        (["--mode=reconstruct", "--input_audio=a.wav"], "of sound, --mode=continue alone has a"),
    ],
)
def test_what_is_not_there_is_one_line(flags, message, capsys, tmp_path):
    import numpy as np

    from lofi_tf.audio.io import write_wav

    write_wav(tmp_path / "a.wav", np.zeros(800, np.float32), 8000)
    assert generate.main(flags) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_reader_that_has_seen_enough_is_no_error(shipped):
    code = (
        "import os, sys; read, write = os.pipe(); os.close(read); os.dup2(write, 1)\n"
        "from lofi_tf.cli.models import main; sys.exit(main(['groovae_4bar']))"
    )
    given = {**os.environ, "LOFI_TF_MODELS": str(shipped)}
    done = subprocess.run(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=given
    )
    assert (done.returncode, done.stderr) == (0, "")
