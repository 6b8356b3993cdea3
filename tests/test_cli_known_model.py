"""What a model cannot do is told by its config, before TensorFlow is there."""

import subprocess
import sys

import pytest

from lofi_tf.cli.default_model import default_model
from lofi_tf.cli.generate import build_parser
from lofi_tf.cli.known_model import check_wishes, config_before
from lofi_tf.config import load_config
from lofi_tf.errors import LofiError
from lofi_tf.saving.loading import weights_path
from tests.mirrors import KICK, drums
from tests.paths import DATA


@pytest.mark.parametrize(
    ("config", "flags", "message"),
    [
        ("cat-mel_2bar_med_chords", [], "takes chords: give --chords"),
        ("groovae_4bar", ["--chords=C"], "takes no chords"),
        ("groovae_4bar", ["--input_midi=x.mid"], "takes no input"),
        ("groovae_4bar", ["--mode=humanize", "--input_midi=x.mid"], "was not made for humanize"),
        ("groove_4bar", ["--style=jaz"], "Did you mean 'jazz'"),
        ("groovae_4bar", ["--style=jazz"], "knows no styles"),
        ("groovae_4bar", ["--density=9"], "knows no densities"),
        ("groovae_2bar_hits_control_tfds", [], "plays hits that are given"),
    ],
)
def test_what_a_model_cannot_do_is_told(config, flags, message):
    args = build_parser().parse_args(flags)
    with pytest.raises(LofiError, match=message):
        check_wishes(args, load_config(config))


@pytest.mark.parametrize(
    ("config", "flags"),
    [
        ("cat-mel_2bar_med_chords", ["--chords=C Am"]),
        ("cat-mel_2bar_med_chords", ["--mode=vary", "--input_midi=x.mid"]),
        ("cat-mel_2bar_med_chords", ["--map=x.html"]),
        ("groove_4bar", ["--style=jazz", "--density=9"]),
        ("groovae_2bar_hits_control_tfds", ["--input_midi=x.mid"]),
        ("continuation_lstm", ["--mode=continue", "--input_audio=x.wav"]),
    ],
)
def test_what_a_model_can_do_passes(config, flags):
    check_wishes(build_parser().parse_args(flags), load_config(config))


def test_part_of_a_checkpoint_is_the_checkpoint_and_other_files_are_none(tmp_path):
    (tmp_path / "model.ckpt-9.index").touch()
    for end in (".index", ".data-00000-of-00001"):
        assert weights_path(tmp_path / f"model.ckpt-9{end}") == tmp_path / "model.ckpt-9"
    (tmp_path / "x.pt").write_bytes(b"PK\x03\x04")
    args = build_parser().parse_args([f"--checkpoint_file={tmp_path / 'x.pt'}"])
    with pytest.raises(LofiError, match="no checkpoint of TensorFlow. Allowed: a prefix"):
        config_before(args, None)


def test_nothing_heavy_is_imported_before(tmp_path):
    from lofi_tf.music.midi import write_midi

    write_midi(drums((0, KICK)), tmp_path / "beat.mid")
    code = f"""
import sys
sys.path.insert(0, {str(DATA.parents[1])!r})
from lofi_tf.cli.generate import main
vary = ["--mode=vary", "--input_midi={tmp_path / "beat.mid"}"]
infill = ["--mode=infill", vary[1], "--bars=2"]
melodies = [*vary, "--model=cat-mel_2bar_small"]
for flags in (
    *(["--style=jaz"], ["--chords=H"], [*vary, "--attribute=densty=1"]),
    *([*vary, "--track=Lead"], infill, melodies),
):
    assert main([*flags, "--output_dir={tmp_path}"]) == 2
assert "tensorflow" not in sys.modules
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    lines = [line.replace(f"{tmp_path / 'beat.mid'}: ", "") for line in found.stderr.splitlines()]
    assert [line.split(".")[0] for line in lines] == [
        "error: unknown style", "error: chords must have a major, minor, augmented or diminished "
        "triad, such as Cmaj7, F#m7b5 or N", "error: unknown attribute", "error: no such track",
        "error: bars must be those of the music, 1 to 1",
        "error: vary with cat-mel_2bar_small plays no drums",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "pitches", "is_drum", "model"),
    [
        (["--mode=vary"], (60, 64), False, "cat-mel_2bar_small"),
        (["--mode=continue"], (60, 64), False, "cat-mel_2bar_small"),
        (["--mode=vary"], (KICK, 38), True, "groove_4bar"),
        (["--mode=infill", "--drums=snare"], (60, 64), False, "groove_4bar"),
        (["--mode=humanize"], (60, 64), False, "groove_humanize"),
        (["--mode=vary", "--chords=C"], (60, 64), False, "cat-mel_2bar_med_chords"),
    ],
)
def test_the_model_is_chosen_by_the_music(flags, pitches, is_drum, model, tmp_path):
    from lofi_tf.music.files import read_song
    from lofi_tf.music.midi import write_midi

    piece = drums(*[(number, pitch) for number, pitch in enumerate(pitches)])
    for note in piece.notes:
        note.is_drum = is_drum
    path = tmp_path / "music.mid"
    write_midi(piece, path)
    args = build_parser().parse_args([*flags, f"--input_midi={path}"])
    assert default_model(args, None, [read_song(path)]) == model
    assert default_model(args, None, [piece]) == model
