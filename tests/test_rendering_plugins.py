"""Plugins in the chain: in time, alike whatever the stretches, and one line for what is wrong."""

import sys

import numpy as np
import pytest

from lofi_tf.cli.render import main
from lofi_tf.errors import LofiError
from lofi_tf.rendering.effects import Gain, run
from lofi_tf.rendering.plugins import Plugin
from lofi_tf.rendering.render import render
from tests.soundfonts import piece

RATE = 44100


def through(text, sound, sizes=(30000,)):
    """Returns a sound [2, n] after a plugin, given in stretches of some sizes in turn."""
    blocks, at = [], 0
    while at < sound.shape[1]:
        blocks.append(sound[:, at : at + sizes[len(blocks) % len(sizes)]])
        at += blocks[-1].shape[1]
    return np.concatenate(list(run([Gain(0.0), Plugin(text, RATE)], blocks)), axis=1)


def noise(count=60000):
    return np.random.default_rng(3).uniform(-0.1, 0.1, [2, count])


@pytest.mark.parametrize("sizes", [(30000,), (1, 2, 8192, 777)])
@pytest.mark.parametrize(
    ("text", "factor", "late"),
    [
        ("Gain:gain_db=6.0206", 2, 0),
        ("Invert", -1, 0),
        ("Delay:delay_seconds=0.1,feedback=0,mix=1", 1, 4410),
        ("BrickwallLimiter:ceiling_db=0", 1, 0),  # it looks 5 ms ahead
    ],
)
def test_plugins_are_heard_in_time(text, factor, late, sizes):
    sound = noise()
    found = through(text, sound, sizes)
    assert found.shape == sound.shape
    expected = factor * np.pad(sound, ((0, 0), (late, 0)))[:, : sound.shape[1]]
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_what_a_plugin_keeps_goes_over_stretches():
    found = [
        through("Reverb:room_size=0.9", noise(), sizes) for sizes in ((60000,), (100, 9000, 1))
    ]
    np.testing.assert_array_equal(*found)


def test_parameters_are_numbers_and_names():
    low = np.sin(2 * np.pi * 50 / RATE * np.arange(60000)) * np.ones([2, 1]) / 10
    for mode, least, most in (("HPF24", 0.0, 0.01), ("LPF24", 0.02, 1.0)):
        found = through(f"LadderFilter:cutoff_hz=2000,mode={mode}", low)[:, 20000:]
        assert least < np.abs(found).max() < most


def test_a_track_goes_through_its_plugins(tmp_path):
    music, plain = piece([(60, 90, 0, 1), (64, 90, 1, 2)]), tmp_path / "plain.wav"
    measured = render(music, plain, "clean")
    made = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path, size in zip(made, (32768, 1000), strict=True):
        again = render(
            music, path, "clean", plugins=["Reverb:wet_level=0.5", "Invert"], block_size=size
        )
        assert again.seconds > measured.seconds  # of the whole room, in which plugins ring on
    assert made[0].read_bytes() == made[1].read_bytes() != plain.read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Revreb", "unknown plugin. Did you mean 'Reverb'?"),
        ("Pedalboard", "unknown plugin"),
        ("Reverb:room=1", "unknown parameter of Reverb. Did you mean 'room_size'?"),
        ("Reverb:room_size=big", "Reverb does not take room_size=big. It is 0.5"),
        ("Reverb:room_size", "unknown plugin."),
        ("nowhere.vst3", "there is no such plugin: nowhere.vst3"),
        ("", "a plugin is NAME or NAME:PARAMETER=VALUE,... Received: ''"),
    ],
)
def test_what_is_no_plugin_is_one_line(text, message):
    with pytest.raises(LofiError) as caught:
        Plugin(text, RATE)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_no_plugin_is_one_line(tmp_path):
    path = tmp_path / "a.vst3"
    path.write_bytes(b"music")
    with pytest.raises(LofiError, match="cannot be opened as a VST3 plugin") as caught:
        Plugin(str(path), RATE)
    assert "\n" not in str(caught.value)


def test_without_pedalboard_a_line_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pedalboard", None)
    from lofi_tf.music.midi import write_midi

    write_midi(piece([(60, 90, 0, 1)]), tmp_path / "a.mid")
    assert main([str(tmp_path / "a.mid"), str(tmp_path / "a.wav"), "--plugin=Reverb"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "pip install 'lofi_tf[plugins]'" in line
    assert not (tmp_path / "a.wav").exists()
