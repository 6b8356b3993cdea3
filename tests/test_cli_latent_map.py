"""`lofi_generate --map` from its flags to its page."""

import pytest

from lofi_tf.cli.generate import main


def test_a_map_is_written_in_place_of_music(tmp_path, capsys):
    flags = ["--model=bass_2bar_chords", f"--map={tmp_path / 'a.html'}", "--map_points=30"]
    out = tmp_path / "out"
    assert main([*flags, "--seed=4", "--chords=Dm G", f"--output_dir={out}", "--qpm=80"]) == 0
    assert '"model":"bass_2bar_chords","qpm":80.0' in (tmp_path / "a.html").read_text()
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"Wrote {tmp_path / 'a.html'}: 30 points,") and "--seed=4" in line
    assert not out.exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--map_points=30"], "give --map too"),
        (["--map=a.html", "--map_points=6000"], "30 to 5000. Received: 6000"),
        (["--map=a.html", "--num_outputs=2"], "leave out --mode"),
        (["--map=a.html", "--model=bass_2bar_chords", "--chords=H"], "Received: 'H'"),
    ],
)
def test_a_map_that_cannot_be_is_one_line(flags, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(flags) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line and list(tmp_path.iterdir()) == []
