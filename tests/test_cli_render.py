"""`lofi_render` from its flags to its file."""

import pytest
import soundfile

from lofi_tf.cli.render import main
from lofi_tf.music.midi import write_midi
from tests.test_rendering_render import band


@pytest.fixture
def midi(tmp_path):
    path = tmp_path / "beat.mid"
    write_midi(band(1.0), path)
    return path


def test_a_file_is_written_and_said(midi, tmp_path, capsys):
    flags = ["--preset=vinyl", "--seed=3", "--gain_db=drums:-3,bass:1", "--hiss_db=off"]
    flags += ["--lowpass_hz=5000", f"--stems_dir={tmp_path / 'stems'}", "--loudness_lufs=-20"]
    assert main([str(midi), str(tmp_path / "a.flac"), *flags]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Wrote {tmp_path / 'a.flac'}: ") and "-20.0 LUFS" in line
    assert line.endswith(f"4 stems in {tmp_path / 'stems'}.")
    assert soundfile.info(tmp_path / "a.flac").frames > 44100
    assert len(list((tmp_path / "stems").iterdir())) == 4


def test_a_picture_comes_along(midi, tmp_path):
    assert main([str(midi), str(tmp_path / "a.wav"), f"--png={tmp_path / 'a.png'}"]) == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_page_comes_along(midi, tmp_path):
    assert main([str(midi), str(tmp_path / "a.ogg"), f"--html={tmp_path / 'a.html'}"]) == 0
    assert "data:audio/ogg;base64," in (tmp_path / "a.html").read_text()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--preset=vynil"], "Did you mean 'vinyl'"),
        (["--wow_percent=much"], "wow_percent must be a number, 0 to 3. Received: 'much'"),
        (["--sample_hold_hz=8000.5"], "sample_hold_hz must be a whole number"),
        (["--pan=left"], "such as drums:-2,bass:1. Received: 'left'"),
        (["--pan=bas:1"], "unknown part. Did you mean 'bass'"),
        (["--seed=-1"], "seed must be a whole number of at least 0"),
    ],
)
def test_mistakes_are_one_line(midi, tmp_path, flags, message, capsys):
    assert main([str(midi), str(tmp_path / "a.wav"), *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (tmp_path / "a.wav").exists()


def test_unknown_flags_end_the_command(midi, tmp_path, capsys):
    with pytest.raises(SystemExit) as error:
        main([str(midi), str(tmp_path / "a.wav"), "--crackle=3"])
    assert error.value.code == 2 and "--crackle_db" in capsys.readouterr().err


def test_a_map_comes_along_in_the_tempo_of_the_piece(midi, tmp_path):
    flags = [f"--html={tmp_path / 'a.html'}", "--map_model=bass_2bar_chords", "--map_points=30"]
    assert main([str(midi), str(tmp_path / "a.ogg"), *flags]) == 0
    text = (tmp_path / "a.html").read_text()
    assert '"model":"bass_2bar_chords","qpm":120.0' in text and 'id="sound"' in text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--map_model=groovae_4bar"], "give --html=FILE too"),
        (["--map_points=50", "--html=b.html"], "give --map_model too"),
        (["--map_points=5", "--html=b.html", "--map_model=groovae_4bar"], "30 to 5000"),
        (["--html=b.html", "--map_model=groovae_4bars"], "Did you mean 'groovae_4bar'"),
    ],
)
def test_a_map_that_cannot_be_is_one_line(midi, tmp_path, monkeypatch, capsys, flags, message):
    monkeypatch.chdir(tmp_path)
    assert main([str(midi), "a.ogg", *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line and not (tmp_path / "a.ogg").exists()
