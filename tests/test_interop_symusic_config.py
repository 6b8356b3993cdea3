"""The files of symusic's MusicVAE as configs, and what is refused."""

import json

import numpy as np
import pytest
import yaml

from lofi_tf.cli import train as train_command
from lofi_tf.config import config_from_dict
from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError
from lofi_tf.interop.symusic_config import read_symusic_config, symusic_run
from tests.grooves import FOLDER
from tests.symusic_files import FLAT, HIER, values


def test_flat_file_has_the_projects_sizes():
    run = read_symusic_config(FLAT)
    model, training = run.config.model, run.config.training
    assert run.config.name == "config_flat_8bar"
    assert (model.max_seq_len, model.z_size) == (128, 512)
    assert (model.enc_rnn_size, model.dec_rnn_size) == ((2048,), (2048, 2048, 2048))
    assert model.encoder == {"kind": "bidirectional_lstm", "embedding_size": 12}
    assert model.decoder == {
        "kind": "lstm", "embedding_size": 12, "z_inputs": True, "skip_inputs": True,
        "sampling_temperature": 0.0,
    }  # fmt: skip
    assert (training.sampling_schedule, training.sampling_rate) == ("inverse_sigmoid", 7500)
    assert (training.max_beta, training.beta_duration, training.free_bits) == (0.2, 160000, 128)
    assert (training.plateau_factor, training.plateau_patience) == (0.5, 3)
    assert (run.num_steps, run.log_steps, run.eval_steps, run.picture_steps) == (
        160000, 100, 4000, 8000,
    )  # fmt: skip
    assert (run.train_dir, run.eval_dir, run.ckpt_path) == ("data/train", "data/eval", None)
    assert run.num_workers == 4


def test_hier_file_has_a_conductor_above_the_cell_decoder():
    model = read_symusic_config(HIER).config.model
    assert model.decoder["level_lengths"] == [8, 16]
    assert model.decoder["conductor_units"] == [1024, 1024]
    assert model.decoder["conductor_embedding_size"] == 512
    assert (model.enc_rnn_size, model.dec_rnn_size) == ((2048, 2048), (1024, 1024))
    assert model.decoder["sampling_temperature"] == 1.0  # absent in the file


@pytest.mark.parametrize("path", [FLAT, HIER])
def test_config_outlives_a_run_folder(path):
    config = read_symusic_config(path).config
    assert config_from_dict(yaml.safe_load(yaml.safe_dump(config.to_dict()))) == config


def test_melodies_are_the_projects():
    converter = build_converter(read_symusic_config(FLAT).config.data.converter)
    assert (converter.depth, converter.slice_steps, converter.end_token) == (90, 128, None)
    assert converter.max_tensors_per_notesequence == 5
    assert (converter.min_pitch, converter.max_pitch) == (21, 108)


def test_windows_move_by_a_bar_at_most_five_a_file_in_four_four_only():
    converter = build_converter(symusic_run(values(slice_bar=2), "tiny").config.data.converter)
    scale = [(60 + n % 7, 0.5 * n, 0.5 * n + 0.5) for n in range(16)]  # four bars
    found = [example["tokens"] for example in converter.to_examples(melody(scale))]
    assert len(found) == 3
    np.testing.assert_array_equal(found[0][16:], found[1][:16])
    random = np.random.default_rng(1).integers(30, 90, 64)
    long = [(int(pitch), 0.5 * n, 0.5 * n + 0.5) for n, pitch in enumerate(random)]
    assert len(list(converter.to_examples(melody(long)))) == 5
    with pytest.raises(LofiError, match="4"):
        list(converter.to_examples(melody(scale, numerator=3)))


def melody(notes, numerator: int = 4):
    from lofi_tf.music.sequence_proto import NoteSequence

    sequence = NoteSequence(ticks_per_quarter=220, total_time=notes[-1][2])
    sequence.tempos.add(qpm=120)
    sequence.time_signatures.add(numerator=numerator, denominator=4)
    for pitch, start, end in notes:
        sequence.notes.add(pitch=pitch, velocity=80, start_time=start, end_time=end)
    return sequence


def changed(**others) -> dict:
    return {**values(), **others}


def nested(path: str, value) -> dict:
    """Returns a tiny file in which one value is another."""
    found = values("hier sample")
    *parents, key = path.split(".")
    inner = found
    for parent in parents:
        inner = inner[parent]
    inner[key] = value
    return found


BELOW = "seq_decoder_args.params.seq_decoder_args.params"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (changed(learning_rat=1), "'learning_rate'"),
        (nested("encoder_params.hiden_size", 3), "'hidden_size'"),
        (nested("seq_decoder_args.key", "hierr"), "'hier'"),
        (nested("seq_decoder_args.params.n_subsequence", 3), "'n_subsequences'"),
        (nested(f"{BELOW}.temperatur", 1), "'temperature'"),
        (nested(f"{BELOW}.decoder_args.key", "anothr"), "'another'"),
        (nested("seq_decoder_args.key", ["hier"]), "Allowed: greedy"),
        (nested(f"{BELOW}.decoder_args.key", "conductor"), "Allowed: another, simple"),
        (nested(f"{BELOW}.decoder_args.params.c_size", 3), "Allowed.*Received: 'c_size'"),
        (nested(f"{BELOW}.z_size", 5), "must be the size of what is decoded, 4"),
        (nested(f"{BELOW}.temperature", 0), "greedy"),
        (nested("seq_decoder_args.params.n_subsequences", 3), "divide the 16 steps"),
        (nested("seq_decoder_args.params.conductor_args.key", "simple"), "Allowed: conductor"),
        (changed(sampling_settings={"schedule": "inverse_sigmod", "rate": 1}), "inverse_sigmoid'"),
        (changed(sampling_settings={"schedule": "constant", "rate": 2}), "at most 1"),
        (changed(beta_settings={"start_beta": 0, "end_beta": 1}), "duration is missing"),
        (changed(batch_size="many"), "batch_size must be a whole number"),
        ({"z_size": 4}, "encoder_params is missing"),
        ([], "Received: \\[\\]"),
    ],
)
def test_bad_files_are_refused_with_the_nearest_name(given, message):
    with pytest.raises(LofiError, match=message):
        symusic_run(given, "tiny")


def test_flags_on_the_line_win_and_bad_files_end_in_one_line(tmp_path, capfd):
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(changed(train_dir=str(tmp_path / "nothing"))))
    assert train_command.main([f"--config={file}", f"--run_dir={tmp_path}"]) == 2
    assert f"train_dir of {file}): no such file" in capfd.readouterr().err
    folders = {"train_dir": str(FOLDER), "eval_dir": str(tmp_path / "nothing")}
    file.write_text(json.dumps(changed(**folders)))
    assert train_command.main([f"--config={file}", f"--run_dir={tmp_path}"]) == 2
    (line,) = capfd.readouterr().err.splitlines()  # nothing has been converted before
    assert f"--eval_examples_path (if not given, eval_dir of {file}): no such file" in line
    given = [f"--config={file}", f"--run_dir={tmp_path}", "--examples_path=other.tfrecord"]
    assert train_command.main(given) == 2
    assert "other.tfrecord" in capfd.readouterr().err
    file.write_text("{")
    assert train_command.main(given) == 2
    assert "not valid JSON" in capfd.readouterr().err
