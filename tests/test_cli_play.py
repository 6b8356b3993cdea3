"""`lofi_play` and `lofi_transcribe` over a stand-in: modes write files, mistakes a line."""

import copy
import shutil
import types

import numpy as np
import pytest
import soundfile

import lofi_tf.crossmodal
from lofi_tf.cli import play, transcribe
from lofi_tf.crossmodal.symbol_notes import sequence_of
from lofi_tf.data.converters.note_events import NoteEvent
from lofi_tf.music.midi import read_midi, write_midi
from tests.crossmodal_standin import CONVERTER, standin, tone


@pytest.fixture(scope="module")
def model():
    found = copy.copy(standin())
    settings = types.SimpleNamespace(dims=(found.z_size,))
    found.config = types.SimpleNamespace(name="tones", model=settings)
    return found


@pytest.fixture
def folder(tmp_path, model, monkeypatch):
    """Returns a folder with music, a sound and a run, which opens as the stand-in."""
    opening = types.SimpleNamespace(open_cross=lambda folder: model)
    monkeypatch.setattr(lofi_tf.crossmodal, "model", opening, raising=False)
    notes = [NoteEvent(60, 64, 0, 0.5), NoteEvent(67, 64, 0.5, 1)]
    write_midi(sequence_of([notes, []], CONVERTER.instruments), tmp_path / "in.mid")
    samples = np.concatenate([tone("piano", 60), tone("piano", 67)])
    soundfile.write(tmp_path / "in.wav", np.stack([samples, samples], 1), 8000)
    soundfile.write(tmp_path / "in-short.wav", samples[:100], 8000)
    soundfile.write(tmp_path / "in-shorter.wav", samples[:1], 44100)
    (tmp_path / "run.yaml").write_text("seed: 3\nexamples: 10\n")
    return tmp_path


@pytest.fixture
def run(folder, capsys):
    def run(*flags, code=0):
        out = folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        given = [flag.replace("IN", str(folder / "in")) for flag in flags]
        common = [f"--run_dir={folder}", f"--output_dir={out}", "--griffinlim_iters=2"]
        assert play.main([*common, *given]) == code
        return sorted(out.glob("*")), capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("mode", "flags", "count"),
    [
        ("midi", ["--midi=IN.mid", "--transpose=1", "--dynamics=0", "--sampling"], 1),
        ("audio", ["--audio=IN.wav", "--instruments=piano"], 1),
        ("sequence", ["--midi=IN.mid"], 1),
        ("sequence", ["--audio=IN.wav"], 1),
        ("morphing", ["--audio=IN.wav", "--audio_2=IN.wav", "--n_steps=20"], 1),
        ("morphing", ["--notes=piano:C4", "--interp_order=3", "--n_points=4", "--n_steps=9"], 1),
        ("trajectory", ["--traj=circle", "--n_steps=20", "--n_generations=2"], 2),
        ("free_navigation", ["--path=0:-1:1,3:0:2", "--n_steps=10"], 1),
    ],
)
def test_modes_write_sound_and_notes(run, mode, flags, count):
    files, shown = run(f"--mode={mode}", *flags, "--seed=2")
    assert [path.suffix for path in files] == [".mid", ".wav"] * count
    for path in files:
        if path.suffix == ".wav":
            samples, rate = soundfile.read(path)
            assert rate == 8000 and len(samples) > 1000 and np.abs(samples).max() <= 1
        else:
            read_midi(path.read_bytes())
    assert shown.err.endswith(f"Wrote {2 * count} files to {files[0].parent} (--seed=2).\n")


def test_pictures_lie_beside(run):
    files, _ = run("--mode=midi", "--midi=IN.mid", "--png")
    assert [path.name.split("-")[-1] for path in files if path.suffix == ".png"] == [
        "notes.png",
        "sound.png",
    ]


def test_sound_beyond_full_scale_is_a_warning(run, model, monkeypatch):
    louder = model.spectra - (model.spectra > 0) * 20 / CONVERTER.floor_db
    monkeypatch.setattr(model, "spectra", louder)
    files, shown = run("--mode=midi", "--midi=IN.mid")
    (line,) = [line for line in shown.err.splitlines() if line.startswith("warning: ")]
    assert "dB beyond full scale" in line
    samples, _ = soundfile.read(files[1])
    assert np.abs(samples).max() == 1 and (np.abs(samples) == 1).sum() < 3


def test_info_says_what_the_model_is(run):
    files, shown = run()
    assert not files
    for part in ("tones, step 7", "piano, flute", "octave 9, pitch 12, dynamics 5", "examples: 10"):
        assert part in shown.out


def test_navigation_in_a_terminal(run, monkeypatch):
    lines = iter(["up 3 2", "wav 0.3"])

    def typed(prompt):
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", typed)
    files, shown = run("--mode=free_navigation", "--notes=piano:C4")
    assert [path.suffix for path in files] == [".mid", ".wav"]
    assert shown.out.startswith("piano C4 v89")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--mode=midi"], "--mode=midi takes --midi: give one"),
        (["--mode=sequence", "--midi=IN.mid", "--audio=IN.wav"], "--midi or --audio: give one"),
        (["--mode=midi", "--midi=IN.mid", "--traj=line"], "--traj is not for --mode=midi"),
        (["--mode=audio", "--audio=IN.wav", "--transpose=2"], "--transpose is not for"),
        (["--mode=info", "--sampling"], "takes no such flags"),
        (["--mode=audio", "--audio=IN.mid"], "no audio"),
        (["--mode=audio", "--audio=nowhere.wav"], "nowhere.wav"),
        (["--mode=audio", "--audio=IN-short.wav"], "in-short.wav: two frames of 0.032 s are"),
        (["--mode=audio", "--audio=IN-shorter.wav"], "in-shorter.wav: there are no samples"),
        (["--mode=sequence", "--audio=IN-short.wav"], "in-short.wav: there is no note"),
        (["--mode=morphing", "--audio=IN-shorter.wav"], "in-shorter.wav: there are no samples"),
        (["--mode=midi", "--midi=nowhere.mid"], "nowhere.mid"),
        (["--mode=midi", "--midi=IN.mid", "--dynamics=9"], "dynamics must be 0 to 4"),
        (["--mode=midi", "--midi=IN.mid", "--instruments=tuba"], "unknown instrument"),
        (["--mode=midi", "--midi=IN.mid", "--transpose=90"], "no note for piano, flute"),
        (["--mode=morphing", "--audio_2=IN.wav"], "--audio_2 needs --audio"),
        (["--mode=morphing", "--interp_order=3"], "interp_order 3 needs 4 points"),
        (["--mode=morphing", "--notes=cello:C4"], "unknown instrument"),
        (["--mode=morphing", "--n_points=0"], "needs 2 points"),
        (["--mode=trajectory", "--n_steps=1"], "n_steps must be 2 or more"),
        (["--mode=trajectory", "--n_generations=0"], "n_generations must be 1"),
        (["--mode=trajectory", "--griffinlim_iters=0"], "griffinlim_iters must be 1"),
        (["--mode=trajectory", "--seed=-1"], "seed must be 0"),
        (["--mode=free_navigation"], "--path, or a terminal"),
        (["--mode=free_navigation", "--path=0:1"], "dim:from:to"),
    ],
)
def test_mistakes_are_one_line(run, monkeypatch, flags, message):
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(isatty=lambda: False))
    files, shown = run(*flags, code=2)
    lines = [line for line in shown.err.splitlines() if not line.startswith("warning: ")]
    assert len(lines) == 1 and lines[0].startswith("error: ")
    assert message in lines[0] and not files


@pytest.mark.parametrize(("command", "flags"), [(play, []), (transcribe, ["x.wav"])])
def test_a_model_is_needed(command, flags, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(flags)
    assert ended.value.code == 2
    assert "required: --model/--run_dir" in capsys.readouterr().err


def test_recording_is_transcribed(folder, capsys):
    assert transcribe.main([f"{folder}/in.wav", f"{folder}/o/a.mid", f"--run_dir={folder}"]) == 0
    sequence = read_midi((folder / "o/a.mid").read_bytes())
    assert [note.pitch for note in sequence.notes] == [60, 67]
    assert [note.start_time for note in sequence.notes] == pytest.approx([0, 0.5], abs=0.05)
    assert capsys.readouterr().err.endswith("1.0 s, notes: piano 2, flute 0.\n")


def test_recording_without_a_note_says_so(folder, capsys):
    soundfile.write(folder / "silent.wav", np.zeros(8000), 8000)
    assert transcribe.main([f"{folder}/silent.wav", f"--run_dir={folder}", "--png"]) == 0
    assert not read_midi((folder / "silent.mid").read_bytes()).notes
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"without a note, as none was found in {folder}/silent.wav.")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["nowhere.wav"], "nowhere.wav: cannot read"),
        (["IN.mid", "FOLDER/a.mid"], "in.mid: the content is no audio"),
        (["IN.mid"], "would overwrite the recording"),
        (["IN.wav", "IN.wav"], "would overwrite the recording"),
        (["IN.wav", "FOLDER/run/../in.wav"], "would overwrite the recording"),
        (["IN.wav", "FOLDER/a.wav"], "must end in .mid or .midi"),
        (["IN.wav", "FOLDER"], "must end in .mid or .midi"),
        (["IN-shorter.wav"], "in-shorter.wav: there are no samples"),
        (["IN.wav", "--instruments=tuba"], "unknown instrument"),
        (["IN.wav", "--gate_db=-1"], "gate_db must be at least 0"),
    ],
)
def test_what_cannot_be_transcribed_is_one_line(folder, capsys, flags, message):
    (folder / "run").mkdir()
    before = {path: path.read_bytes() for path in folder.glob("*.*")}
    given = [flag.replace("IN", f"{folder}/in").replace("FOLDER", str(folder)) for flag in flags]
    assert transcribe.main([*given, f"--run_dir={folder}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and message in line
    assert {path: path.read_bytes() for path in folder.glob("*.*")} == before
