import json

import numpy as np
import pytest

from lofi_tf.audio.io import unquantized
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.dataset import training_batches
from lofi_tf.data.storage.example_shards import find_shards, load_shards
from lofi_tf.data.storage.examples import Examples, split_by_source
from lofi_tf.data.storage.sources import load_examples
from lofi_tf.errors import LofiError
from pipelines.prepare_audio import main
from tests.recordings import KINDS, noise, tone, write

RATES = [16000, 8000, 3000]
WAVEFORM = {"kind": "waveform", "sample_rates": [16000], "clip_seconds": 1.0}


def run(folder, *flags, log="ERROR"):
    return main(
        [f"--input_dir={folder / 'in'}", f"--output_dir={folder / 'out'}", "--clip_seconds=1",
         "--num_output_shards=2", f"--log={log}", *flags]
    )  # fmt: skip


def info_of(folder):
    return json.loads((folder / "out" / "examples.info.json").read_text())


def load(folder, split="train", converter=None):
    shards = find_shards(folder / "out")
    return load_shards(shards, split, converter or shards.info["config"]["data"]["converter"])


def contents(folder):
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A recording of each kind at three rates, in folders, two seconds and a bit each."""
    folder = tmp_path_factory.mktemp("corpus")
    for number, ending in enumerate(KINDS):
        for rate in (44100, 48000):
            samples = tone(300 + 100 * number, 2.3, rate, 1 + number % 2) * rate / 50000
            write(folder / "in" / ending / f"{rate}.{ending}", samples, rate)
    (folder / "in" / "notes.txt").write_text("no music")
    flags = ["--recursive", "--sample_rate=16000,8000,3000", "--validation_split=0.3"]
    assert run(folder, *flags) == 0
    return folder


def test_prepare_audio_cuts_every_kind_of_file(corpus):
    info = info_of(corpus)
    assert info["left_out"] == {"refused_files": {}, "left_out_clips": {}}
    counters = info["counters"]
    assert [counters[name] for name in ("files", "other_files", "clips")] == [10, 1, 20]
    assert counters["distinct"] + counters["duplicates"] == counters["examples"] == 20
    assert info["audio"] == {
        "sample_rates": RATES,
        "clip_seconds": 1.0,
        "hop_seconds": 1.0,
        "clip_samples": {"16000": 16000, "8000": 8000, "3000": 3000},
        "features": "waveform",
    }
    assert info["example_spec"]["waveform_3000"] == {"dtype": "int16", "shape": [3000, 1]}


def test_prepare_audio_gives_the_same_seconds_at_each_rate(corpus):
    examples = load(corpus)
    for index, source in enumerate(examples.sources):
        ending, name = source.split("/")
        hz, amplitude = 300 + 100 * list(KINDS).index(ending), int(name[:5]) / 100000
        for rate in RATES:
            # Each clip begins at whole seconds, and so of these tones at phase 0.
            wave = np.sin(2 * np.pi * hz * np.arange(rate) / rate)
            found = unquantized(examples.arrays[f"waveform_{rate}"][index, :, 0])
            inside = slice(rate // 10, -rate // 10)  # the filter rings, MP3 and Vorbis fade in
            assert np.abs(found - amplitude * wave)[inside].max() < 0.02
            assert examples.arrays[f"length_{rate}"][index] == rate


def test_prepare_audio_splits_by_recording_as_lofi_train_does(corpus):
    sides = [load(corpus, split) for split in ("train", "validation")]
    names = sorted({source for side in sides for source in side.sources})
    assert len(names) == 10
    known = split_by_source(Examples({}, np.array(names, object)), 0.3)
    for side, expected in zip(sides, known, strict=True):
        assert set(side.sources) == set(expected.sources)
        assert len(expected.sources) > 1


def test_prepare_audio_bytes_do_not_depend_on_the_workers(corpus, tmp_path):
    (tmp_path / "in").symlink_to(corpus / "in")
    flags = ["--recursive", "--sample_rate=16000,8000,3000", "--validation_split=0.3"]
    workers = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    assert run(tmp_path, *flags, *workers) == 0
    assert contents(tmp_path) == contents(corpus)
    assert len(contents(corpus)) == 5


def test_lofi_train_reads_the_shards(corpus):
    config = WAVEFORM | {"sample_rates": [3000, 8000], "silence_db": -40, "hop_seconds": 0.5}
    said = []
    examples = load_examples(str(corpus / "out"), None, "train", config, log=said.append)
    assert f"{len(examples)} examples of the split train." in said[0]
    assert set(examples.arrays) == {
        f"{name}_{rate}" for name in ("waveform", "length") for rate in (3000, 8000)
    }
    batch = next(iter(training_batches(examples, build_converter(config), 4, 3000)))
    assert batch["inputs"].shape == (4, 3000, 1)
    assert 0.3 < np.abs(batch["inputs"]).max() < 0.6
    assert batch["length"].numpy().tolist() == [3000] * 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rates": [44100]}, "sample_rates: .16000, 8000, 3000. there, .44100. in the"),
        ({"clip_seconds": 2.0}, "clip_seconds: 1.0 there, 2.0 in the config.*run prepare_audio"),
        ({"channels": 2}, "channels: 1 there, 2 in the config"),
        ({"kind": "spectrum"}, "kind: 'waveform' there, 'spectrum' in the config"),
    ],
)
def test_shards_of_another_config_are_refused(options, message, corpus):
    with pytest.raises(LofiError, match=message):
        load(corpus, "train", WAVEFORM | options)


def test_prepare_audio_drops_silence_and_duplicates(tmp_path):
    one, other = noise(1, seed=1), noise(1, seed=2)
    write(tmp_path / "in" / "a.wav", np.concatenate([one, 0 * one, other]), 16000)
    write(tmp_path / "in" / "b.flac", np.concatenate([other, one, one]), 16000)
    write(tmp_path / "in" / "c.wav", 0 * one, 16000)
    assert run(tmp_path, "--validation_split=0") == 0
    examples = load(tmp_path)
    found = {
        (sources, bytes(samples))
        for sources, samples in zip(
            examples.sources, examples.arrays["waveform_16000"], strict=True
        )
    }
    clips = [np.rint(clip * 32768).astype(np.int16).tobytes() for clip in (one, other)]
    assert found == {("a.wav,b.flac", clip) for clip in clips}
    info = info_of(tmp_path)
    counters = info["counters"]
    assert [counters[n] for n in ("clips", "examples", "duplicates", "distinct")] == [7, 5, 3, 2]
    assert info["left_out"] == {"refused_files": {"silent": 1}, "left_out_clips": {"silent": 2}}


def test_prepare_audio_goes_on_where_files_are_bad(tmp_path, capfd):
    loud = noise(3.0)
    write(tmp_path / "in" / "good.wav", loud, 16000)
    write(tmp_path / "in" / "short.wav", loud[:15999], 16000)
    for name in ("cut.flac", "cut.wav", "cut.mp3", "cut.ogg"):
        data = write(tmp_path / "in" / name, loud, 16000).read_bytes()
        (tmp_path / "in" / name).write_bytes(data[: len(data) * 2 // 3])
    write(tmp_path / "in" / "none.wav", loud[:0], 16000)
    (tmp_path / "in" / "empty.mp3").write_bytes(b"")
    (tmp_path / "in" / "text.ogg").write_text("no music")
    assert run(tmp_path, f"--errors_file={tmp_path / 'errors'}", log="WARN") == 0
    rules = {
        "cut.flac": "damaged", "cut.mp3": "truncated", "cut.ogg": "truncated",
        "cut.wav": "truncated", "empty.mp3": "empty_file", "none.wav": "no_samples",
        "short.wav": "too_short", "text.ogg": "not_audio",
    }  # fmt: skip
    rows = [line.split("\t") for line in (tmp_path / "errors").read_text().splitlines()]
    assert {row[0]: row[1] for row in rows[1:]} == rules
    counts = {rule: list(rules.values()).count(rule) for rule in sorted(rules.values())}
    assert info_of(tmp_path)["left_out"]["refused_files"] == counts
    assert info_of(tmp_path)["counters"]["clips"] == 3
    assert set(load(tmp_path).sources) == {"good.wav"}
    out, err = capfd.readouterr()
    assert err == ""
    assert "  truncated                       3  " in out
    assert out.splitlines()[-1].startswith("3 train, 0 validation examples in ")


@pytest.mark.parametrize(("features", "frames", "bins"), [("mel", 63, 20), ("cqt", 32, 36)])
def test_prepare_audio_stores_spectra(features, frames, bins, tmp_path):
    write(tmp_path / "in" / "a.wav", tone(440, 2, 8000, channels=2), 8000)
    options = {"mel": "num_bins=20,hop_size=128", "cqt": "num_bins=36,bins_per_octave=12"}
    flags = [f"--features={features}", f"--feature_options={options[features]}"]
    assert run(tmp_path, *flags, "--sample_rate=8000", "--stereo") == 0
    spectra = load(tmp_path).arrays[f"{features}_8000"]
    assert spectra.shape[1:] == (frames, 2 * bins)
    assert spectra.dtype == np.float16
    np.testing.assert_array_equal(spectra[..., :bins], spectra[..., bins:])
    settings = info_of(tmp_path)["audio"]["settings"]
    assert settings["num_bins"] == bins
    assert settings["floor_db"] == -100


def test_prepare_audio_flags_reach_the_clips(tmp_path):
    write(tmp_path / "in" / "a.wav", noise(1.75), 16000)
    flags = ["--hop_seconds=0.5", "--pad_last", "--silence_db=none", "--normalize_loudness=-9dB"]
    assert run(tmp_path, *flags, "--validation_split=0") == 0
    examples = load(tmp_path)
    assert sorted(examples.arrays["length_16000"].tolist()) == [12000, 16000, 16000]
    whole = examples.arrays["length_16000"] == 16000
    level = np.square(unquantized(examples.arrays["waveform_16000"][whole])).mean()
    peak = np.abs(noise(1.75)).max()
    gain_db = min(-9, 20 * np.log10(0.1 / peak))  # noise of RMS 0.1, no louder than its peak allows
    assert 10 * np.log10(level) == pytest.approx(gain_db, abs=0.2)


def test_prepare_audio_split_file(tmp_path):
    for number, name in enumerate("abc"):
        write(tmp_path / "in" / f"{name}.wav", noise(1, seed=number), 16000)
    (tmp_path / "split.csv").write_text("path,split\na.wav,test\nb.wav,train\n")
    assert run(tmp_path, f"--split_file={tmp_path / 'split.csv'}") == 0
    assert {
        split: list(load(tmp_path, split).sources) for split in info_of(tmp_path)["splits"]
    } == {"train": ["b.wav"], "test": ["a.wav"]}
    assert info_of(tmp_path)["counters"]["in_no_split"] == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--input_dir=nowhere"], "no such folder"),
        (["--input_dir=docs"], "ends in .wav, .flac"),
        (["--sample_rate=fast"], "--sample_rate must be a number. Received: 'fast'"),
        (["--sample_rate=8000,8000"], "a list of different items"),
        (["--clip_seconds=0"], "clip_seconds is not a length"),
        (["--clip_seconds=99"], "none of the 1 files gives a clip (1 too_short)"),
        (["--normalize_loudness=11"], "such as -23LUFS or -20dB"),
        (["--silence_db=quiet"], "--silence_db must be a number"),
        (["--features=mel", "--feature_options=bins=3"], "Did you mean"),
        (["--num_output_shards=0"], "--num_output_shards must be"),
        (["--validation_split=1"], "--validation_split must be"),
        (["--output_dir=/proc/x"], "cannot write"),
    ],
)
def test_prepare_audio_bad_input_is_one_line_and_exit_2(flags, message, tmp_path, capfd):
    write(tmp_path / "in" / "a.wav", noise(1), 16000)
    assert run(tmp_path, *flags) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_prepare_audio_interrupted_leaves_the_old(tmp_path, monkeypatch, capfd):
    from lofi_tf.data.converters import clip_options

    write(tmp_path / "in" / "a.wav", noise(1), 16000)
    assert run(tmp_path) == 0
    before = contents(tmp_path)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(clip_options, "clips_of", interrupt)
    assert run(tmp_path) == 130
    assert "interrupted" in capfd.readouterr().err
    assert contents(tmp_path) == before
