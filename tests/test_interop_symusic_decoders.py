"""The models of symusic's MusicVAE: what they see, their schedules, training and generation."""

import json

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.cli import generate as generate_command
from lofi_tf.cli import train as train_command
from lofi_tf.errors import LofiError
from lofi_tf.interop.magenta_checkpoint import scopes_of
from lofi_tf.interop.symusic_config import symusic_run
from lofi_tf.models.build import build_model
from lofi_tf.models.common import schedules
from lofi_tf.models.common.plateau import Plateau
from lofi_tf.models.sequence.cores import LSTMCore
from lofi_tf.music.midi import read_midi
from lofi_tf.saving import checkpoints
from lofi_tf.training import train as training
from lofi_tf.training.history import read_history
from lofi_tf.training.options import TrainOptions
from lofi_tf.training.train import train
from tests.clip_runs import clip_config, clip_examples
from tests.paths import DATA
from tests.symusic_files import CELLS, FLAT, HIER, batch_of, values

COMBINATIONS = [
    (sequential, cell)
    for sequential in ("greedy", "sample", "hier greedy", "hier sample", "hier hier sample")
    for cell in CELLS
]


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
    states, step = core.initial_states(z), core.stepper(z)
    for time in range(2):
        found, states = step(previous[:, time], None, states)
        np.testing.assert_allclose(found, parameters[:, time], rtol=1e-5, atol=1e-6)
    other, _ = core.stepper(z + 1.0)(previous[:, 1], None, states)
    again, _ = step(previous[:, 1], None, states)
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
        decoded = model.decode(z, tf.zeros(2))
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
    assert [plateau.update(n + 1, loss) for n, loss in enumerate(heard)] == [
        *(False, False, False, False, False, True, False, False, False, True)
    ]
    assert float(plateau.scale) == 0.25
    assert not plateau.update(10, 99.0) and int(plateau.num_worse) == 0
    assert not plateau.update(11, 1.0) and float(plateau.best) == 1.0


@pytest.mark.slow
def test_plateau_outlives_a_stop_and_goes_along_with_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "write_pictures", lambda *_: None)
    config = clip_config(
        "learning_rate=1e-20,min_learning_rate=0,decay_rate=1,plateau_factor=0.5,"
        "plateau_patience=1,head.log_sigma=1.0"
    )
    clips = clip_examples()
    common = {"log_steps": 1, "eval_steps": 2, "show_progress": False}
    for end in (5, 12):
        options = TrainOptions(num_steps=end, **common)
        train(config, clips, tmp_path / "broken", options, validation=clips)
    # Of the evaluations at 2, 4, ... the first is the best; the second in turn without
    # improvement scales: at 6, 10.
    expected = [1e-20] * 6 + [0.5e-20] * 4 + [0.25e-20] * 2
    assert rates(tmp_path / "broken") == pytest.approx(
        dict(enumerate(expected, 1)), rel=1e-6, abs=0
    )
    model = build_model(config)
    assert checkpoints.restore_latest(model, tmp_path / "broken" / "train") == 12
    assert (float(model.rate.plateau.scale), int(model.rate.plateau.last_step)) == (0.25, 12)
    options = TrainOptions(num_steps=13, ckpt_path=str(tmp_path / "broken"), **common)
    train(config, clips, tmp_path / "continued", options)
    assert rates(tmp_path / "continued") == pytest.approx({13: 0.25e-20}, rel=1e-6, abs=0)


def rates(run_dir) -> dict[int, float]:
    rows = read_history(run_dir / "train" / "history.csv")
    return {int(row["step"]): float(row["learning_rate"]) for row in rows}


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
        pytest.param(
            HIER,
            "dec_rnn_size=[8,8],decoder.conductor_units=[8,8],decoder.conductor_embedding_size=4",
            marks=pytest.mark.slow,
        ),
    ],
)
@pytest.mark.slow
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
