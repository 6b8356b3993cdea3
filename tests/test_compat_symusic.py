import copy
import json

import numpy as np
import pytest
import tensorflow as tf
import yaml

from lofi_tf import checkpoints, schedules, training
from lofi_tf.cli import generate as generate_command
from lofi_tf.cli import train as train_command
from lofi_tf.compat.magenta_checkpoint import scopes_of
from lofi_tf.compat.symusic_config import read_symusic_config, symusic_run
from lofi_tf.config import config_from_dict
from lofi_tf.data.converter import build_converter
from lofi_tf.data.dataset import training_batches
from lofi_tf.data.examples import Examples
from lofi_tf.data.midi import read_midi
from lofi_tf.errors import LofiError
from lofi_tf.history import read_history
from lofi_tf.models.cores import LSTMCore
from lofi_tf.models.vae import build_model
from lofi_tf.plateau import Plateau
from lofi_tf.training import TrainOptions, train
from tests.paths import DATA

FLAT, HIER = (DATA / "symusic" / f"config_{kind}_8bar.json" for kind in ("flat", "hier"))
CELLS = {
    "simple": {"embed_size": 3, "hidden_size": 6, "n_layers": 2},
    "another": {"embed_size": 3, "hidden_size": 6, "n_layers": 2, "z_size": 4},
}
CONDUCTOR = {"key": "conductor", "params": {"hidden_size": 7, "n_layers": 2, "c_size": 4}}
COMBINATIONS = [
    (sequential, cell)
    for sequential in ("greedy", "sample", "hier greedy", "hier sample", "hier hier sample")
    for cell in CELLS
]


def seq_decoder(sequential: str, cell: str) -> dict:
    key, _, below = sequential.partition(" ")
    if key != "hier":
        decoder = {"key": cell, "params": dict(CELLS[cell])}
        return {"key": key, "params": {"z_size": 4, "decoder_args": decoder}}
    params = {
        "z_size": 4,
        "n_subsequences": 2,
        "conductor_args": copy.deepcopy(CONDUCTOR),
        "seq_decoder_args": seq_decoder(below, cell),
    }
    return {"key": "hier", "params": params}


def values(sequential: str = "sample", cell: str = "another", **others) -> dict:
    """Returns a tiny file of one bar."""
    return {
        "batch_size": 2,
        "slice_bar": 1,
        "z_size": 4,
        "encoder_params": {"embed_size": 3, "hidden_size": 5, "n_layers": 1},
        "seq_decoder_args": seq_decoder(sequential, cell),
        "sampling_settings": {"schedule": "constant", "rate": 0.5},
        "free_bits": 0,
        **others,
    }


def examples(count: int = 6, num_steps: int = 16) -> Examples:
    tokens = np.random.default_rng(0).integers(0, 90, [count, num_steps]).astype(np.uint8)
    arrays = {"tokens": tokens, "length": np.full(count, num_steps, np.int32)}
    return Examples(arrays, np.array([str(n) for n in range(count)], object), num_sources=count)


def batch_of(config) -> dict[str, tf.Tensor]:
    converter = build_converter(config.data.converter)
    steps = config.model.max_seq_len
    return next(iter(training_batches(examples(), converter, 2, steps, num_steps=1)))


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
    from lofi_tf.data.sequence_proto import NoteSequence

    sequence = NoteSequence(ticks_per_quarter=220, total_time=notes[-1][2])
    sequence.tempos.add(qpm=120)
    sequence.time_signatures.add(numerator=numerator, denominator=4)
    for pitch, start, end in notes:
        sequence.notes.add(pitch=pitch, velocity=80, start_time=start, end_time=end)
    return sequence


@pytest.mark.parametrize(("sequential", "cell"), COMBINATIONS)
def test_every_combination_trains_and_its_encoder_learns(monkeypatch, sequential, cell):
    config = symusic_run(values(sequential, cell), "tiny").config
    model = build_model(config)
    gradients, clip = [], model.clip
    monkeypatch.setattr(model, "clip", lambda found: gradients.extend(found) or clip(found))
    logs = model.train_step(batch_of(config))
    assert np.isfinite(float(logs["loss"]))
    by_path = dict(zip((v.path for v in model.trainable_variables), gradients, strict=True))
    assert all(gradient is not None for gradient in gradients)
    for variable in model.encoder.trainable_variables + model.latent.mean.trainable_variables:
        assert np.abs(by_path[variable.path]).max() > 0


def test_models_that_magenta_has_no_like_of_are_not_written_as_its():
    with pytest.raises(LofiError, match="embeddings"):
        scopes_of(build_model(symusic_run(values("hier sample"), "tiny").config))


@pytest.mark.parametrize("path", ["initial_state", "inputs", "skip", None])
def test_z_gets_a_gradient_through_each_path_alone(path):
    core = LSTMCore(5, 5, [6, 6], 4, embedding_size=3, z_inputs=True, skip_inputs=True)
    kernels = {
        "initial_state": (core.z_to_initial_state.kernel, slice(None)),
        "inputs": (core.stack.cells[0].kernel, slice(3, 7)),
        "skip": (core.output_projection.kernel, slice(9, 13)),
    }
    for name, (kernel, rows) in kernels.items():
        if name != path:
            value = kernel.numpy()
            value[rows] = 0.0
            kernel.assign(value)
    z = tf.random.stateless_normal([2, 4], [1, 2])
    with tf.GradientTape() as tape:
        tape.watch(z)
        parameters, _ = core(z, tf.one_hot([[0, 1, 2], [3, 4, 0]], 5))
    gradient = tape.gradient(parameters, z)
    assert (np.abs(gradient).max() > 0) == (path is not None)


@pytest.mark.parametrize(
    ("z_inputs", "skip_inputs", "rows"), [(False, False, (3, 6)), (True, True, (7, 13))]
)
def test_cells_see_what_they_should_and_step_as_they_run(z_inputs, skip_inputs, rows):
    core = LSTMCore(5, 5, [6], 4, embedding_size=3, z_inputs=z_inputs, skip_inputs=skip_inputs)
    kernels = core.stack.cells[0].kernel, core.output_projection.kernel
    assert tuple(kernel.shape[0] for kernel in kernels) == rows
    z, previous = tf.random.stateless_normal([2, 4], [1, 2]), tf.one_hot([[0, 1], [3, 4]], 5)
    parameters, _ = core(z, previous)
    states = core.initial_states(z)
    for time in range(2):
        found, states = core.step(previous[:, time], z, None, states)
        np.testing.assert_allclose(found, parameters[:, time], rtol=1e-5, atol=1e-6)
    other, _ = core.step(previous[:, 1], z + 1.0, None, states)
    again, _ = core.step(previous[:, 1], z, None, states)
    assert np.allclose(other, again) == (not z_inputs)


def test_both_directions_of_the_encoder_see_every_step():
    model = build_model(symusic_run(values(), "tiny").config)
    inputs = tf.one_hot(tf.range(16) % 90, 90)[None]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        encoding = model.encoder(inputs, lengths=tf.constant([16]))
        halves = tf.split(encoding, 2, axis=-1)
    for half in halves:
        assert (np.abs(tape.gradient(half, inputs)).max(axis=(0, 2)) > 0).all()


@pytest.mark.parametrize("key", ["greedy", "hier greedy"])
def test_greedy_feeds_the_likeliest_token(key):
    sampling = {"schedule": "constant", "rate": 1.0}
    config = symusic_run(values(key, "another", sampling_settings=sampling), "tiny").config
    model, batch = build_model(config), batch_of(config)
    z = tf.random.stateless_normal([2, 4], [3, 4])
    found = [
        model.decoder(
            z, batch["targets"], batch["length"],
            seed=tf.constant([seed, 0]), sampling_probability=tf.constant(1.0),
        )
        for seed in (1, 2)
    ]  # fmt: skip
    np.testing.assert_array_equal(*found)  # nothing is drawn
    if key == "greedy":
        decoded = model.decode(z, tf.zeros(2), tf.zeros([2, 2], tf.int32))
        np.testing.assert_array_equal(tf.argmax(found[0], -1), tf.argmax(decoded, -1))


@pytest.mark.parametrize(("step", "beta"), [(0, 0), (20e3, 0.0275), (80e3, 0.1056), (160e3, 0.2)])
def test_beta_is_the_projects_curve(step, beta):
    assert float(schedules.beta_in_time(step, 0.0, 0.2, 160000)) == pytest.approx(beta, abs=5e-5)
    assert float(schedules.beta_in_time(500000, 0.0, 0.2, 160000)) == pytest.approx(0.2)


def test_beta_to_one_rises_over_the_whole_duration():
    found = [float(schedules.beta_in_time(step, 0.0, 1.0, 100)) for step in range(0, 101, 10)]
    assert found[0] == 0.0 and found[-1] == pytest.approx(1.0)
    assert np.all(np.diff(found) > 0) and found[1] < 0.5
    assert float(schedules.beta_in_time(100, 0.5, 3.0, 100)) == pytest.approx(3.0)
    assert float(schedules.beta_in_time(50, 0.2, 0.2, 100)) == pytest.approx(0.2)
    assert float(schedules.beta_in_time(50, 0.1, 0.4, 0)) == pytest.approx(0.4)


@pytest.mark.parametrize(("step", "probability"), [(66900, 0.5), (80000, 0.85)])
def test_sampling_rate_is_the_projects_curve(step, probability):
    found = float(schedules.sampling_probability(step, "inverse_sigmoid", 7500.0))
    assert found == pytest.approx(probability, abs=0.005)


def test_plateau_lets_patience_pass_then_scales():
    plateau = Plateau(0.5, 3)
    heard = [10.0, 9.0, 9.5, 9.0, 8.9999, 9.1, 9.2, 9.3, 9.4, 9.5]
    assert [plateau.hear(n + 1, loss) for n, loss in enumerate(heard)] == [
        *(False, False, False, False, False, True, False, False, False, True),
    ]
    assert float(plateau.scale) == 0.25
    assert not plateau.hear(10, 99.0) and int(plateau.num_worse) == 0
    assert not plateau.hear(11, 1.0) and float(plateau.best) == 1.0


def test_plateau_outlives_a_stop_and_goes_along_with_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "write_pictures", lambda *_: None)
    config = symusic_run(values("greedy", "simple", **NOT_LEARNING), "tiny").config
    common = {"log_steps": 1, "eval_steps": 2, "show_progress": False}
    for end in (5, 12):
        options = TrainOptions(num_steps=end, **common)
        train(config, examples(), tmp_path / "broken", options, validation=examples(2))
    # Of the evaluations at 2, 4, ... the first is the best; the second in turn without
    # improvement scales: at 6, 10.
    expected = [1e-20] * 6 + [0.5e-20] * 4 + [0.25e-20] * 2
    assert rates(tmp_path / "broken") == pytest.approx(dict(enumerate(expected, 1)), rel=1e-6)
    model = build_model(config)
    assert checkpoints.restore_latest(model, tmp_path / "broken" / "train") == 12
    assert (float(model.rate.plateau.scale), int(model.rate.plateau.last_step)) == (0.25, 12)
    options = TrainOptions(num_steps=13, ckpt_path=str(tmp_path / "broken"), **common)
    train(config, examples(), tmp_path / "continued", options)
    assert rates(tmp_path / "continued") == pytest.approx({13: 0.25e-20})


NOT_LEARNING = {
    "learning_rate": 1e-20,
    "lr_scheduler_patience": 1,
    "sampling_settings": {"schedule": "constant", "rate": 0.0},
}


def rates(run_dir) -> dict[int, float]:
    rows = read_history(run_dir / "train" / "history.csv")
    return {int(row["step"]): float(row["learning_rate"]) for row in rows}


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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of real music, one file damaged."""
    found = tmp_path_factory.mktemp("midi")
    for path in [*(DATA / "golden" / "inputs").glob("band*.mid"), *DATA.rglob("444.mid")]:
        (found / path.name).write_bytes(path.read_bytes())
    (found / "damaged.mid").write_bytes(b"MThd")
    return found


@pytest.mark.parametrize(
    ("path", "sizes"),
    [
        (FLAT, "dec_rnn_size=[8,8,8]"),
        (
            HIER,
            "dec_rnn_size=[8,8],decoder.conductor_units=[8,8],decoder.conductor_embedding_size=4",
        ),
    ],
)
def test_both_files_train_on_real_music_and_generate(tmp_path, capfd, folder, path, sizes):
    given = json.loads(path.read_text())
    given |= {"train_dir": str(folder), "eval_dir": str(folder), "num_steps": 2, "batch_size": 4}
    file = tmp_path / path.name
    file.write_text(json.dumps(given))
    run_dir, outputs = tmp_path / "run", tmp_path / "outputs"
    hparams = f"--hparams=z_size=4,enc_rnn_size=[8],{sizes}"
    command = [f"--config={file}", f"--run_dir={run_dir}", hparams, "--num_workers=1"]
    assert train_command.main(command) == 0
    said = capfd.readouterr().err
    assert "Trained to step 2" in said and "damaged.mid" in said
    assert checkpoints.latest(run_dir / "train").endswith("-2")
    flags = [f"--run_dir={run_dir}", f"--output_dir={outputs}", "--num_outputs=1"]
    assert generate_command.main([*flags, "--temperature=1"]) == 0
    (written,) = outputs.glob("*.mid")
    assert all(21 <= note.pitch <= 108 for note in read_midi(written.read_bytes()).notes)


def test_flags_on_the_line_win_and_bad_files_end_in_one_line(tmp_path, capfd):
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(changed(train_dir=str(tmp_path / "nothing"))))
    assert train_command.main([f"--config={file}", f"--run_dir={tmp_path}"]) == 2
    assert "nothing" in capfd.readouterr().err
    given = [f"--config={file}", f"--run_dir={tmp_path}", "--examples_path=other.tfrecord"]
    assert train_command.main(given) == 2
    assert "other.tfrecord" in capfd.readouterr().err
    file.write_text("{")
    assert train_command.main(given) == 2
    assert "not valid JSON" in capfd.readouterr().err
