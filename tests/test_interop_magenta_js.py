"""Folders of magenta.js: what the real one answered with them, and what is written and read."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lofi_tf.cli import export, generate
from lofi_tf.config import load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.hparams import with_hparams
from lofi_tf.interop import tfjs_weights
from lofi_tf.interop.magenta_checkpoint import magenta_weights
from lofi_tf.interop.magenta_js import export_for_magenta_js
from lofi_tf.interop.magenta_js_config import config_by_weights
from lofi_tf.interop.magenta_js_spec import config_in, encodes, spec_of
from lofi_tf.training.warm_start import config_of, read_weights
from tests.grooves import scrambled_model, small_config
from tests.magenta_js_parity import check

KEPT = sorted(path.parent for path in Path(__file__).parent.glob("data/magenta_js/*/answers.npz"))
GROOVES = Path(__file__).parent / "data" / "magenta_js" / "groovae_4bar-none"
TRIOS = Path(__file__).parent / "data" / "magenta_js" / "hierdec-trio_16bar-uint8"
WEIGHT = np.array([-1.0, 0.0, 2.0], np.float32)


def test_answers_are_kept_of_every_quantisation():
    assert len(KEPT) >= 5
    kept = {path.name.rpartition("-")[2] for path in KEPT}
    assert kept == set(tfjs_weights.QUANTIZATIONS)


@pytest.mark.parametrize("folder", KEPT, ids=[path.name for path in KEPT])
def test_ours_answers_as_the_real_one(folder):
    rows = check(folder.name, folder, dict(np.load(folder / "answers.npz")))
    assert len(rows) == 3
    assert not [row for row in rows if not row.ok]


def test_other_weights_would_be_noticed(tmp_path):
    folder = tmp_path / "spoiled"
    shutil.copytree(GROOVES, folder)
    weights = tfjs_weights.read_weights(folder)
    weights["decoder/multi_rnn_cell/cell_0/lstm_cell/bias"] += 0.1
    weights["encoder/mu/bias"] += 0.1
    tfjs_weights.write_weights(folder, weights, "none")
    rows = check("spoiled", folder, dict(np.load(folder / "answers.npz")))
    assert [row.ok for row in rows] == [False, False, False]


def test_export_writes_what_the_real_one_took(tmp_path):
    export_for_magenta_js(*scrambled_model("groovae_4bar"), tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["config.json", "group1-shard1of1.bin", "weights_manifest.json"]
    for name in names[1:]:
        assert (tmp_path / "out" / name).read_bytes() == (GROOVES / name).read_bytes()
    ours, theirs = (
        json.loads((f / "config.json").read_text()) for f in (tmp_path / "out", GROOVES)
    )
    del ours["lofi_tf"], theirs["lofi_tf"]  # of which magenta.js knows nothing
    assert ours == theirs


@pytest.mark.parametrize(
    ("how", "stored", "said"),
    [
        ("none", np.array([-1, 0, 2], "<f4"), None),
        ("float16", np.array([-1, 0, 2], "<f2"), {"dtype": "float16"}),
        ("uint8", np.array([0, 85, 255], "u1"), {"dtype": "uint8", "scale": 3 / 255, "min": -1.0}),
        (
            "uint16",
            np.array([0, 21845, 65535], "<u2"),
            {"dtype": "uint16", "scale": 3 / 65535, "min": -1.0},
        ),
    ],
)
def test_weights_are_stored_as_tensorflow_js_reads_them(how, stored, said, tmp_path):
    tfjs_weights.write_weights(tmp_path, {"a/kernel": WEIGHT}, how)
    (group,) = json.loads((tmp_path / "weights_manifest.json").read_text())
    assert group["paths"] == ["group1-shard1of1.bin"]
    expected = {"name": "a/kernel", "shape": [3], "dtype": "float32"}
    (spec,) = group["weights"]
    found = spec.pop("quantization", None)
    assert spec == expected
    assert found == (said if said is None else pytest.approx(said))
    assert (tmp_path / "group1-shard1of1.bin").read_bytes() == stored.tobytes()
    np.testing.assert_allclose(tfjs_weights.read_weights(tmp_path)["a/kernel"], WEIGHT, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 3.0, -3.0])
def test_weights_of_one_value_can_be_quantised(value, tmp_path):
    tfjs_weights.write_weights(tmp_path, {"a": np.full([2, 2], value, np.float32)}, "uint8")
    np.testing.assert_allclose(tfjs_weights.read_weights(tmp_path)["a"], value, atol=1e-6)


def test_shards_hold_four_megabytes(tmp_path):
    weights = {"a": np.arange(1_500_000, dtype=np.float32), "b": np.ones([3], np.float32)}
    tfjs_weights.write_weights(tmp_path, weights, "none")
    sizes = {path.name: path.stat().st_size for path in tmp_path.glob("*.bin")}
    assert sizes == {"group1-shard1of2.bin": 4 << 20, "group1-shard2of2.bin": 6_000_012 - (4 << 20)}
    found = tfjs_weights.read_weights(tmp_path)
    np.testing.assert_array_equal(found["a"], weights["a"])


def write_manifest(folder: Path, *groups: tuple[dict, bytes]) -> None:
    """Writes groups of one shard each, which hold weights by (name, shape, ...) and bytes."""
    said = []
    for number, (weights, data) in enumerate(groups):
        (folder / f"shard{number}").write_bytes(data)
        said.append({"paths": [f"shard{number}"], "weights": weights})
    (folder / "weights_manifest.json").write_text(json.dumps(said))


def test_several_groups_and_kinds_are_read(tmp_path):
    half = {"dtype": "uint8", "scale": 0.5, "min": -1}
    write_manifest(
        tmp_path,
        ([{"name": "a", "shape": [], "dtype": "int32"}], np.array(7, "<i4").tobytes()),
        (
            [
                {"name": "b", "shape": [2], "dtype": "float32", "quantization": half},
                {"name": "c", "shape": [2], "dtype": "bool"},
            ],
            bytes([0, 5, 1, 0]),
        ),
    )
    found = tfjs_weights.read_weights(tmp_path)
    assert {name: value.tolist() for name, value in found.items()} == {
        "a": 7,
        "b": [-1.0, 1.5],
        "c": [True, False],
    }


FLOATS = {"name": "a", "shape": [2], "dtype": "float32"}


@pytest.mark.parametrize(
    ("weights", "size", "line"),
    [
        ([FLOATS], 4, "are too short: a is not whole"),
        ([FLOATS], 9, "hold 1 bytes too many"),
        ([FLOATS | {"dtype": "int64"}], 16, "unknown dtype of a"),
        ([FLOATS | {"quantization": {"dtype": "int8"}}], 2, "unknown quantization of a"),
        ([{"name": "a"}], 8, "damaged"),
    ],
)
def test_damaged_folders_are_refused(weights, size, line, tmp_path):
    write_manifest(tmp_path, (weights, bytes(size)))
    with pytest.raises(LofiError, match=line):
        tfjs_weights.read_weights(tmp_path)


def test_a_shard_elsewhere_is_refused(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "other").write_bytes(bytes(8))
    said = [{"paths": ["../other"], "weights": [FLOATS]}]
    (inside / "weights_manifest.json").write_text(json.dumps(said))
    with pytest.raises(LofiError, match="names a shard elsewhere"):
        tfjs_weights.read_weights(inside)


def test_weights_beyond_float16_are_refused(tmp_path):
    with pytest.raises(LofiError, match="beyond 65504"):
        tfjs_weights.write_weights(tmp_path, {"a": np.array([7e4])}, "float16")


@pytest.mark.parametrize(
    ("name", "hparams", "line"),
    [
        ("flat-trio_16bar", "", "multi_categorical and split"),
        ("groovae_4bar", "z_size=0", "with a latent alone"),
        ("lofi_chords", "", "no data converter like its"),
        ("lofai_conv", "", "LSTM decoders alone"),
        ("crossmodal", "", "LSTM decoders alone"),
        ("hierdec-mel_16bar", "decoder.disable_autoregression=False", "one conductor"),
        ("cat-mel_2bar_small", "converter.add_end_token=True", "no data converter like its"),
    ],
)
def test_what_magenta_js_cannot_run_is_refused(name, hparams, line):
    with pytest.raises(LofiError, match=f"magenta.js cannot run {name}.*{line}"):
        spec_of(with_hparams(load_config(name), hparams))


@pytest.mark.parametrize(
    ("name", "hparams", "answer"),
    [
        ("groovae_4bar", "", True),
        ("groovae_4bar", "enc_rnn_size=[8,8]", False),
        ("hier-mel_16bar", "", True),
        ("hierdec-trio_16bar", "", False),
    ],
)
def test_encoders_of_one_layer_alone_work_there(name, hparams, answer):
    assert encodes(small_config(name, hparams)) is answer


def test_a_folder_without_deviations_is_read_with_a_warning(tmp_path):
    model, config = scrambled_model("groovae_4bar")
    weights = magenta_weights(model)
    kept = {name: value for name, value in weights.items() if "sigma" not in name}
    tfjs_weights.write_weights(tmp_path, kept, "none")
    (tmp_path / "config.json").write_text(json.dumps(spec_of(config)))
    from lofi_tf.saving.loading import load_model

    with pytest.warns(LofiWarning, match="lacks the standard deviation"):
        found, _ = load_model(tmp_path)
    for name, value in magenta_weights(found).items():
        if name in kept:
            np.testing.assert_allclose(value, kept[name], atol=1e-6)


def test_commands_take_a_folder_as_a_checkpoint(tmp_path, capsys):
    out = tmp_path / "music"
    flags = [f"--checkpoint_file={GROOVES}", "--num_outputs=2", f"--output_dir={out}"]
    assert generate.main([*flags, "--mode=sample"]) == 0
    assert len(list(out.glob("*.mid"))) == 2
    again = tmp_path / "again"
    flags = [f"--checkpoint_file={GROOVES}", "--format=magentajs", f"--output_dir={again}"]
    assert export.main([*flags, "--quantization=uint8"]) == 0
    theirs = tfjs_weights.read_weights(GROOVES)
    for name, value in tfjs_weights.read_weights(again).items():
        step = (theirs[name].max() - theirs[name].min()) / 255
        np.testing.assert_allclose(value, theirs[name], atol=max(step, 1e-6))
    assert export.main(flags) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_run_begins_with_its_weights():
    found = read_weights(str(GROOVES), config_in(GROOVES)).values
    theirs = tfjs_weights.read_weights(GROOVES)
    assert config_of(str(GROOVES)) == config_in(GROOVES)
    np.testing.assert_array_equal(found["latent/mean/kernel"], theirs["encoder/mu/kernel"])
    assert sum(v.size for v in found.values()) == sum(v.size for v in theirs.values())


def test_a_folder_of_another_config_is_refused(tmp_path, capsys):
    flags = [f"--checkpoint_file={GROOVES}", "--config=cat-mel_2bar_small", "--mode=sample"]
    assert generate.main([*flags, f"--output_dir={tmp_path}"]) == 2
    assert "was trained with the config groovae_4bar" in capsys.readouterr().err


def foreign(folder: Path, copy: Path, **changes) -> Path:
    """Copies a folder without what we keep in it, as others make them; changes its spec."""
    shutil.copytree(folder, copy)
    spec = json.loads((copy / "config.json").read_text())
    del spec["lofi_tf"]
    (copy / "config.json").write_text(json.dumps(spec | changes))
    return copy


def test_a_foreign_folder_tells_music_and_sizes(tmp_path):
    folder = GROOVES.with_name("cat-mel_2bar_med_chords-float16")
    config = config_by_weights(foreign(folder, tmp_path / "foreign"))
    rows = check("foreign", folder, dict(np.load(folder / "answers.npz")), config)
    assert len(rows) == 3
    assert not [row for row in rows if not row.ok]


@pytest.mark.parametrize(
    "name",
    [
        "groovae_2bar_tap_fixed_velocity",
        "cat-drums_2bar_small",
        "nade-drums_2bar_full",
        "hier-mel_16bar",
        "hier-trio_16bar",
        "hier-multiperf_vel_1bar_med_chords",
    ],
)
def test_configs_are_told_by_what_is_exported(name, tmp_path):
    config = small_config(name)
    spec = spec_of(config)
    model, _ = scrambled_model(name)
    del spec["lofi_tf"]
    tfjs_weights.write_weights(tmp_path, magenta_weights(model), "none")
    (tmp_path / "config.json").write_text(json.dumps(spec))
    told = config_by_weights(tmp_path)
    assert told.model == dataclasses.replace(config.model, dropout_keep_prob=1.0)
    ours, theirs = (build_converter(c.data.converter) for c in (config, told))
    assert ours.depths == theirs.depths
    assert spec_of(told) | {"lofi_tf": None} == spec | {"lofi_tf": None}


def test_commands_take_a_foreign_folder(tmp_path):
    folder = foreign(GROOVES, tmp_path / "foreign")
    flags = [f"--checkpoint_file={folder}", "--mode=sample", f"--output_dir={tmp_path / 'music'}"]
    assert generate.main([*flags, "--num_outputs=1"]) == 0
    sizes = "enc_rnn_size=[8],dec_rnn_size=[8,8],z_size=4"
    flags += ["--num_outputs=1", "--config=groovae_4bar"]
    assert generate.main([*flags, f"--hparams={sizes}"]) == 0
    assert config_of(str(folder)).model.z_size == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "MusicRNN"},
        {"chordEncoder": "PitchChordEncoder"},
        {"dataConverter": {"type": "TrioRhythmConverter", "args": {"numSteps": 64}}},
        {"dataConverter": {"type": "GrooveConverter", "args": {"numSteps": 65}}},
        {"extraControls": [{"name": "x", "depth": 3}]},
    ],
)
def test_foreign_music_that_is_unknown_is_refused(changes, tmp_path, capsys):
    folder = foreign(GROOVES, tmp_path / "foreign", **changes)
    flags = [f"--checkpoint_file={folder}", "--mode=sample", f"--output_dir={tmp_path / 'music'}"]
    assert generate.main(flags) == 2
    assert "asks for what is not known here: give --config" in capsys.readouterr().err


def test_it_says_where_encoding_fails(tmp_path, capsys):
    flags = [f"--checkpoint_file={TRIOS}", "--format=magentajs", f"--output_dir={tmp_path / 'x'}"]
    assert export.main(flags) == 0
    said = capsys.readouterr().err
    assert "was exported to decode alone" in said
    assert "there it samples and decodes, no more" in said


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--format=magentajs"], "needs --output_dir"),
        (["--format=magentajs", "--version=2"], "--version is for --format=savedmodel alone"),
        (["--quantization=uint8"], "--quantization is for --format=magentajs alone"),
        (["--model=groovae_4bar"], "one of the three"),
    ],
)
def test_flags_that_do_not_fit_are_refused(flags, line, capsys):
    assert export.main([f"--checkpoint_file={GROOVES}", *flags]) == 2
    assert line in capsys.readouterr().err
