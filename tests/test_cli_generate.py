"""The modes of `lofi_generate`, over models that give back what they take."""

import shutil

import numpy as np
import pytest

from lofi_tf.backends import open
from lofi_tf.cli import attributes, generate, known_model
from lofi_tf.config import configs_dir
from lofi_tf.music.midi import read_midi, write_midi
from tests.grooves import SMALL, write_groove_records
from tests.mirrors import KICK, SNARE, drums, hits_of, melody, mirror

PLAIN = ("groovae_4bar", "converter.split_bars=2,max_seq_len=32")
BEAT = [(0, KICK, 100), (4, SNARE, 90), (16, KICK, 80)]


@pytest.fixture
def beat(tmp_path):
    path = tmp_path / "beat.mid"
    write_midi(drums(*BEAT, qpm=90.0), path)
    return path


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs the command over a mirror; returns the pieces by the ends of their names, and stderr."""

    def run(*flags, of=PLAIN, code=0, main=generate.main):
        monkeypatch.setattr(open, "open_backend", lambda *_: mirror(*of))
        monkeypatch.setattr(known_model, "config_before", lambda *_: mirror(*of).config)
        out = tmp_path / "out"
        shutil.rmtree(out, ignore_errors=True)
        (tmp_path / "model").mkdir(exist_ok=True)
        given = [f"--model={tmp_path / 'model'}", *map(str, flags)]
        if main is generate.main:
            given.append(f"--output_dir={out}")
        assert main(given) == code
        files = sorted(out.glob("*.mid"))
        pieces = {path.stem.split("-", 3)[-1]: read_midi(path.read_bytes()) for path in files}
        return pieces, capsys.readouterr().err

    return run


def test_reconstruct_keeps_music_tempo_and_metre(run, beat):
    pieces, shown = run("--mode=reconstruct", f"--input_midi={beat}", "--seed=1")
    (piece,) = pieces.values()
    assert hits_of(piece) == BEAT
    assert piece.tempos[0].qpm == pytest.approx(90.0, abs=0.01)
    assert (piece.time_signatures[0].numerator, piece.time_signatures[0].denominator) == (4, 4)
    assert shown.splitlines()[-1].startswith("Wrote 1 file to")


@pytest.mark.parametrize(
    ("mode", "more", "config", "count"),
    [
        ("humanize", [], "groovae_2bar_humanize", 1),
        ("tap2drum", ["--num_outputs=2"], "groovae_2bar_tap_fixed_velocity", 2),
        ("add_hihats", [], "groovae_2bar_add_closed_hh", 1),
        ("continue", ["--length_bars=3"], "groovae_2bar_humanize", 5),
        ("vary", ["--amount=0.1", "--num_outputs=3"], "groovae_2bar_humanize", 3),
    ],
)
def test_modes_of_one_input_write_their_files(mode, more, config, count, run, beat):
    pieces, _ = run(f"--mode={mode}", f"--input_midi_1={beat}", *more, of=(config,))
    assert len(pieces) == count
    assert all(piece.tempos[0].qpm == pytest.approx(90, abs=0.01) for piece in pieces.values())


def test_infill_writes_the_beat_with_other_drums_in_a_bar(run, beat):
    def crash(outputs, given):
        found = np.zeros_like(outputs)
        found[:, :, 7], found[:, :, 16] = 1, 0.5
        return found

    flags = [f"--input_midi={beat}", "--bars=2", "--num_outputs=2", "--seed=1"]
    pieces, shown = run("--mode=infill", *flags, of=(*PLAIN, crash))
    crashes = [(step, 49, 64) for step in range(16, 32)]
    assert [hits_of(piece) for piece in pieces.values()] == [BEAT[:2] + crashes] * 2
    assert shown.splitlines()[-1].startswith("Wrote 2 files")


def test_groove_transfer_has_the_tempo_of_the_hits(run, beat, tmp_path):
    write_midi(drums((0, KICK), (31, KICK), qpm=140.0), tmp_path / "hits.mid")
    inputs = [f"--input_midi_1={beat}", f"--input_midi_2={tmp_path / 'hits.mid'}"]
    pieces, _ = run("--mode=groove_transfer", *inputs, of=("groovae_2bar_hits_control",))
    (piece,) = pieces.values()
    found = sorted((step % 32, pitch) for step, pitch, _ in hits_of(piece))
    assert found == [(0, KICK), (31, KICK)]
    assert piece.tempos[0].qpm == pytest.approx(140.0, abs=0.01)


def test_grid_is_named_by_row_and_column(run, beat):
    inputs = [f"--input_midi_{number}={beat}" for number in (1, 2, 3, 4)]
    pieces, _ = run("--mode=interpolate", *inputs, "--num_outputs=2")
    assert sorted(name.partition("row")[2] for name in pieces) == [
        f"{row}-column{column}-of-2x2" for row in (0, 1) for column in (0, 1)
    ]


def test_chords_and_length_of_a_sample(run):
    flags = ["--chords=C:2 Am", "--length_bars=4", "--num_outputs=1", "--qpm=60"]
    pieces, _ = run("--mode=sample", *flags, of=("cat-mel_2bar_med_chords",))
    (piece,) = pieces.values()
    assert max(note.end_time for note in piece.notes) > 8  # beyond the model's two bars


def test_attributes_are_kept_beside_the_model_and_used(run, beat, tmp_path, capsys):
    records = write_groove_records(tmp_path / "x.tfrecord")
    _, shown = run(f"--examples_path={records}", main=attributes.main)
    assert "Wrote 4 attributes" in shown
    vectors = np.load(tmp_path / "model" / "attributes.npz")
    assert vectors["velocity/vector"].shape == (864,)
    assert vectors["velocity/high"] > vectors["velocity/low"]
    flags = ["--mode=vary", f"--input_midi={beat}", "--num_outputs=1"]
    (louder,) = run(*flags, "--attribute=velocity=+0.3,density=0", "--attribute=swing=0")[
        0
    ].values()
    assert sum(n.velocity for n in louder.notes) / len(louder.notes) != 90
    (same,) = run(*flags, "--attribute=velocity=0")[0].values()
    assert hits_of(same) == BEAT


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--mode=reconstruct"], "takes --input_midi_1; of a model of sound --input_audio_1"),
        (["--mode=interpolate", "--input_midi_2=BEAT"], "--input_midi_1 and --input_midi_2"),
        (["--mode=vary", "--input_midi=BEAT", "--length_bars=2"], "Allowed: sample, continue"),
        (["--mode=vary", "--input_midi=BEAT", "--attribute=density"], "such as density=+1.0"),
        (["--mode=vary", "--input_midi=BEAT", "--attribute=density=1"], "lofi_attributes"),
        (["--mode=vary", "--input_midi=BEAT", "--amount=2"], "amount must be 0 to 1"),
        (["--mode=humanize", "--input_midi=BEAT"], "Configs that are: groovae_2bar_humanize"),
        (["--mode=infill", "--input_midi=BEAT"], "needs --bars, such as 3-4, or --drums"),
        (["--mode=infill", "--input_midi=BEAT", "--bars=4-2"], "such as 2,4-5. Received: '4-2'"),
        (
            ["--mode=infill", "--input_midi=BEAT", "--bars=3"],
            "the music, 1 to 2. Received",
        ),
        (["--mode=infill", "--input_midi=BEAT", "--drums=snair"], "Did you mean 'snare'?"),
        (["--mode=vary", "--input_midi=BEAT", "--bars=1"], "Allowed: infill"),
        (
            ["--mode=vary", "--input_midi=BEAT", "--track=Bass"],
            "no such track. Allowed: 1 without a",
        ),
        (["--mode=sample", "--only_part"], "--only_part is not for --mode=sample. Allowed: recon"),
        (["--mode=sample", "--chords=C"], "takes no chords"),
        (["--mode=sample", "--input_midi=BEAT"], "takes no input: leave it out"),
        (["--mode=sample", "--length_bars=0"], "length_bars must be 1 or more"),
        (["--mode=sample", "--input_audio=BEAT"], "(or --input_audio_1) is for models of sound: "),
        (["--mode=humanize", "--input_audio=BEAT"], "--mode is one of sample, reconstruct, interp"),
        (["--mode=vary", "--input_audio=nowhere.wav"], "--input_audio (or --input_audio_1): no"),
        (["--mode=interpolate", "--input_audio=BEAT", "--input_audio_2=b"], "--input_audio_2: no"),
        (["--mode=vary", "--input_midi=BEAT", "--seconds=2"], "--seconds is for models of sound"),
    ],
)
def test_mistakes_are_one_line(flags, message, run, beat):
    _, shown = run(*(flag.replace("BEAT", str(beat)) for flag in flags), code=2)
    (line,) = shown.splitlines()
    assert line.startswith("error: ")
    assert message in line


@pytest.mark.parametrize("place", ["config.yaml", "1/assets.extra/config.yaml"])
@pytest.mark.parametrize("flag", ["--mode=continue", "--input_audio=x.wav", "--chords=C"])
def test_models_of_sound_and_notes_have_other_commands(place, flag, tmp_path, capsys):
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(configs_dir() / "crossmodal.yaml", tmp_path / place)
    assert generate.main([f"--model={tmp_path}", flag]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("sound and notes at once: use lofi_play or lofi_transcribe")


def test_music_that_does_not_fit_is_named_with_rule_and_instrument(run, beat, tmp_path):
    tune = tmp_path / "tune.mid"
    piece = melody((0, 4, 120))
    piece.notes.extend(drums((0, KICK)).notes)
    write_midi(piece, tune)
    _, shown = run("--mode=reconstruct", f"--input_midi={tune}", of=("cat-mel_2bar_small",), code=2)
    (line,) = shown.splitlines()
    assert line.startswith(f"error: {tune}: track 1 without a name (program 0, 1 note) does not")


@pytest.mark.parametrize("level", ["ERROR", "FATAL"])
def test_quiet_levels_print_nothing(level, run, beat):
    _, shown = run("--mode=reconstruct", f"--input_midi={beat}", f"--log={level}")
    assert shown == ""


def test_config_of_the_runs_name_gives_way_to_the_runs_own(groove_run, tmp_path, capsys):
    flags = ["--config=groovae_2bar_humanize", f"--run_dir={groove_run}"]
    capsys.readouterr()
    assert generate.main([*flags, f"--output_dir={tmp_path / 'out'}", "--num_outputs=1"]) == 0
    assert "humanize: the model's own settings are taken" in capsys.readouterr().err
    given = [*flags, "--hparams=z_size=8", f"--output_dir={tmp_path / 'out'}", "--num_outputs=1"]
    assert generate.main(given) == 0
    assert "humanize and --hparams: the model's own settings are taken" in capsys.readouterr().err
    training = f"--hparams={SMALL},batch_size=7,learning_rate=1,dropout_keep_prob=0.9"
    assert generate.main([*given[:-3], training, *given[-2:]]) == 0
    assert "settings are taken" not in capsys.readouterr().err
    other = ["--config=groovae_4bar", *flags[1:]]
    assert generate.main(other) == 2
    assert "leave out --config" in capsys.readouterr().err
