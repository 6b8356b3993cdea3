"""Warm starts, frozen parts and patience."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from lofi_tf.cli import train as command
from lofi_tf.errors import LofiError
from lofi_tf.hparams import with_hparams
from lofi_tf.interop.magenta_checkpoint import magenta_weights
from lofi_tf.models.build import build_model
from lofi_tf.models.weight_names import counts, freeze, named_weights
from lofi_tf.saving import checkpoints
from lofi_tf.saving.export import export, place
from lofi_tf.saving.hub import MORE_PLACES
from lofi_tf.saving.model_card import Facts
from lofi_tf.training import train as training
from lofi_tf.training import warm_start
from lofi_tf.training.history import read_history
from lofi_tf.training.options import TrainOptions
from lofi_tf.training.train import open_run, train
from tests.clip_runs import clip_config, clip_examples
from tests.grooves import (
    SMALL,
    groove_examples,
    scrambled_model,
    small_config,
    write_groove_records,
)
from tests.model_parity import shrunk_config
from tests.test_models_adversarial import config as adversarial_config
from tests.test_models_crossmodal import batch_of
from tests.test_models_crossmodal import config_of as cross_config

NAME = "groovae_2bar_humanize"
GOLDEN = Path(__file__).parent / "data" / "golden" / "models"
OPTIONS = TrainOptions(num_steps=2, log_steps=1, eval_steps=1, picture_steps=0, show_progress=False)


def option(**changes) -> TrainOptions:
    return dataclasses.replace(OPTIONS, **changes)


def weights_of(model) -> dict[str, np.ndarray]:
    return {name: weight.numpy() for name, weight in named_weights(model).items()}


def facts_of(run_dir: Path) -> dict:
    return yaml.safe_load((run_dir / "run.yaml").read_text())


@pytest.fixture(scope="module")
def config():
    return small_config()


@pytest.fixture(scope="module")
def examples(config):
    return groove_examples(config)


@pytest.fixture(scope="module")
def clips():
    """What trains in a moment."""
    return clip_config(), clip_examples()


@pytest.fixture(scope="module")
def sources(tmp_path_factory, config):
    """One model, as a run, as its checkpoint and as an export; and its weights."""
    folder = tmp_path_factory.mktemp("sources")
    model, _ = scrambled_model(NAME)
    model.optimizer.iterations.assign(70)
    manager = training.Saver(model, folder / "run" / "train", TrainOptions())
    manager.save()
    (folder / "run" / "config.yaml").write_text(yaml.safe_dump(config.to_dict()))
    (folder / "run" / "run.yaml").write_text("seed: 0\n")
    export(model, config, place(folder, "export"))
    export(model, config, place(folder, "half"), Facts(precision="float16"))
    places = {
        "run": folder / "run",
        "checkpoint": folder / "run" / "train" / "model.ckpt-70",
        "export": folder / "export" / "1",
        "exports": folder / "export",
        "name": "export",
        "float16": folder / "half" / "1",
    }
    return places, weights_of(model)


@pytest.mark.parametrize("kind", ["run", "checkpoint", "export", "exports", "name"])
def test_weights_and_config_of_a_model_are_read_wherever_it_lies(
    sources, config, kind, monkeypatch
):
    places, expected = sources
    monkeypatch.setenv(MORE_PLACES, str(places["exports"].parent))
    assert warm_start.config_of(str(places[kind])) == config
    found = warm_start.read_weights(str(places[kind]), config)
    assert found.values.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found.values[name], value)
    run = warm_start.read_weights(str(places["run"]), config)
    assert found.facts()["weights_sha1"] == run.facts()["weights_sha1"]


def test_magentas_checkpoint_is_a_warm_start(tmp_path):
    answers = dict(np.load(GOLDEN / f"{NAME}.npz"))
    config = with_hparams(shrunk_config(NAME, answers), "batch_size=4")
    path = GOLDEN / f"{NAME}.ckpt"
    options = option(warm_start=str(path), frozen=("encoder", "latent"), num_steps=1)
    train(config, groove_examples(config), tmp_path, options)
    found, reader = (
        magenta_weights(open_run(tmp_path, config)),
        checkpoints.tf.train.load_checkpoint(path),
    )
    frozen = [name for name in found if name.startswith("encoder/")]
    assert frozen
    for name in frozen:
        np.testing.assert_allclose(found[name], reader.get_tensor(name), atol=1e-6)
    with pytest.raises(LofiError, match="does not say its config: give --config"):
        warm_start.config_of(str(path))


def test_run_begins_at_step_0_with_the_models_weights_and_a_fresh_optimiser(
    sources, config, examples, tmp_path
):
    (places, expected), said = sources, []
    options = option(warm_start=str(places["export"]), seed=4)
    model, facts = training.build(config, tmp_path / "run", options)
    assert model.steps_trained == 0
    assert not any(np.any(moment.numpy()) for moment in model.optimizer.variables[2:])
    for name, value in weights_of(model).items():
        np.testing.assert_array_equal(value, expected[name])
    train(config, examples, tmp_path / "run", options, log=said.append)
    rows = read_history(tmp_path / "run" / "train" / "history.csv")
    assert [row["step"] for row in rows] == ["1", "2"]
    kept = facts_of(tmp_path / "run")
    assert kept["warm_start"] == facts["warm_start"]
    assert kept["warm_start"]["model"] == str(places["export"])
    assert any(kept["warm_start"]["weights_sha1"] in line for line in said)


@pytest.mark.slow
def test_going_on_does_not_load_the_warm_start_again(sources, config, examples, tmp_path):
    places, _ = sources
    gone, said = shutil.copytree(places["run"], tmp_path / "gone"), []
    options = option(warm_start=str(gone))
    train(config, examples, tmp_path / "two", options)
    shutil.rmtree(gone)
    before = facts_of(tmp_path / "two")
    for again in (options, OPTIONS):
        training.build(config, tmp_path / "two", again)
    other = option(warm_start="other", num_steps=6)
    train(config, examples, tmp_path / "two", other, log=said.append)
    assert facts_of(tmp_path / "two") == before
    assert any("--warm_start=other is not taken" in line for line in said)
    train(config, examples, tmp_path / "one", option(warm_start=str(places["run"]), num_steps=6))
    one, two = (weights_of(open_run(tmp_path / name, config)) for name in ("one", "two"))
    for name, value in one.items():
        np.testing.assert_array_equal(two[name], value)


def test_weights_stored_in_float16_are_rounded_to_it(sources, config):
    places, expected = sources
    found = warm_start.read_weights(str(places["float16"]), config)
    for name, value in expected.items():
        np.testing.assert_array_equal(found.values[name], value.astype(np.float16).astype("f4"))


@pytest.mark.parametrize(
    ("hparams", "message"),
    [
        ("enc_rnn_size=[9]", r"encoder/forward/0/cells/0/kernel must be \[27, 36\]. .*\[27, 32\]"),
        ("dec_rnn_size=[8,8,8]", r"decoder/core/stack/cells/2/kernel must be \[8, 32\]. .*none"),
        ("dec_rnn_size=[8]", r"z_to_initial_state/kernel must be \[4, 16\]. .*\[4, 32\]"),
    ],
)
def test_first_weight_that_does_not_fit_is_named(sources, tmp_path, hparams, message):
    other = small_config(hparams=hparams)
    with pytest.raises(LofiError, match=message):
        training.build(other, tmp_path / "run", option(warm_start=str(sources[0]["run"])))
    assert not (tmp_path / "run").exists()


def test_weight_too_many_is_named(sources, config):
    given = warm_start.Weights("x", {**sources[1], "decoder/more": np.zeros([2, 3])})
    with pytest.raises(LofiError, match=r"which has no decoder/more. Received: \[2, 3\]"):
        warm_start.set_weights(build_model(config), given)


def test_discriminator_that_a_model_lacks_stays_as_drawn():
    model = build_model(adversarial_config())
    values = weights_of(model)
    given = {name: value + 1 for name, value in values.items() if "discriminator" not in name}
    warm_start.set_weights(model, warm_start.Weights("x", given))
    for name, value in weights_of(model).items():
        np.testing.assert_array_equal(value, given.get(name, values[name]))


@pytest.mark.parametrize("config", [adversarial_config(), cross_config()], ids=["gan", "cross"])
def test_every_weight_has_a_name_of_its_own_whatever_was_built_before(config):
    named, model = (named_weights(build_model(config)) for _ in range(2)), build_model(config)
    own = named_weights(model)
    assert {id(weight) for weight in own.values()} == {id(weight) for weight in model.weights}
    assert len(own) == len(model.weights)
    assert all(list(other) == list(own) for other in named)


def test_frozen_weights_stay_what_they_are_over_a_resume_and_others_move(
    config, examples, tmp_path
):
    """Gradients far above their bound, which is that of the trained weights alone."""
    names, said = ("encoder", "decoder/core/stack/cells/0"), []
    before = weights_of(build_model(config, 0))
    train(config, examples, tmp_path / "two", option(frozen=names), log=said.append)
    train(config, examples, tmp_path / "two", option(num_steps=4))
    train(config, examples, tmp_path / "one", option(frozen=names, num_steps=4))
    one, two = (weights_of(open_run(tmp_path / name, config)) for name in ("one", "two"))
    for name, value in before.items():
        np.testing.assert_array_equal(one[name], two[name])
        is_frozen = name.startswith(tuple(f"{part}/" for part in names))
        assert (one[name].tobytes() == value.tobytes()) == is_frozen, name
    assert facts_of(tmp_path / "two")["frozen"] == list(names)
    # 2 encoder cells of 27 and 8 inputs, a decoder cell of 31 and 8, 32 gates and a bias each.
    assert any(f"{2 * 36 * 32 + 40 * 32:,} frozen" in line for line in said)
    with pytest.raises(LofiError, match=r"began with --freeze=encoder,decoder.*Received: latent"):
        train(config, examples, tmp_path / "two", option(frozen=("latent",)))


def test_numbers_trained_and_frozen_are_those_of_the_parts(config):
    model = build_model(config)
    freeze(model, ["encoder", "latent"])
    trained, frozen = counts(model)
    sizes = {name: value.size for name, value in weights_of(model).items()}
    assert trained == sum(size for name, size in sizes.items() if name.startswith("decoder/"))
    assert trained + frozen == sum(sizes.values())
    assert all(v.path in {w.path for w in model.decoder.weights} for v in model.generator_variables)


def test_frozen_part_keeps_its_moving_averages():
    model = build_model(cross_config())
    freeze(model, ["symbol"])
    before = weights_of(model)
    model.train_step(batch_of(model, 4))
    moved = {
        name.split("/")[0]
        for name, value in weights_of(model).items()
        if (value != before[name]).any()
    }
    assert "signal" in moved
    assert "symbol" not in moved


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["encodr"], "Did you mean 'encoder'.* Allowed: decoder, encoder, latent. Received"),
        (["decoder/cor"], "Did you mean 'decoder/core'.* Allowed: decoder/core. Received"),
        (["latent", "encoder/forward/7"], "Allowed: encoder/forward/0. Received"),
        (["encoder", "latent", "decoder"], "leaves nothing to train"),
    ],
)
def test_unknown_part_is_refused_with_those_there_are(config, names, message):
    with pytest.raises(LofiError, match=message):
        freeze(build_model(config), names)


class Losses:
    """Stands in for `evaluate`: gives losses in turn."""

    def __init__(self, losses):
        self.losses = iter(losses)

    def __call__(self, *args):
        return {"loss": next(self.losses), "losses/r_loss": 0.0, "losses/kl_bits": 0.0}


def steps_of(run_dir: Path, folder: str = "eval") -> list[int]:
    return [int(row["step"]) for row in read_history(run_dir / folder / "history.csv")]


def best_of(run_dir: Path) -> tuple[int, float]:
    best = yaml.safe_load((run_dir / "eval" / "best" / "best.yaml").read_text())
    assert checkpoints.latest(run_dir / "eval" / "best").endswith(f"-{best['step']}")
    return best["step"], best["loss"]


def test_patience_ends_at_the_right_evaluation(clips, tmp_path, monkeypatch):
    """Evaluations at 0, 2, 4, ...: the best at 6, and then two that are no better."""
    monkeypatch.setattr(training, "evaluate", Losses([9.0, 5.0, 7.0, 4.0, 4.0, 6.0]))
    said, options = [], option(num_steps=20, eval_steps=2, patience=2)
    train(*clips, tmp_path, options, validation=clips[1], log=said.append)
    assert steps_of(tmp_path) == [0, 2, 4, 6, 8, 10]
    assert steps_of(tmp_path, "train")[-1] == 10
    assert checkpoints.latest(tmp_path / "train").endswith("-10")
    assert best_of(tmp_path) == (6, 4.0)
    ended = "no better in the last 2 evaluations; the best is step 6, loss 4.00"
    assert ended in said[-1]
    train(*clips, tmp_path, options, validation=clips[1], log=said.append)
    assert f"has ended at step 10: {ended}" in said[-1]
    assert steps_of(tmp_path, "train")[-1] == 10
    with pytest.raises(LofiError, match="no validation examples"):
        train(*clips, tmp_path, options)


@pytest.mark.slow
def test_resumed_run_remembers_its_patience(clips, tmp_path, monkeypatch):
    """A stop at step 5, whose evaluation is not due and does not count."""
    monkeypatch.setattr(training, "evaluate", Losses([9.0, 5.0, 6.0, 7.0, 8.0]))
    options = option(num_steps=5, eval_steps=2, patience=2)
    train(*clips, tmp_path, options, validation=clips[1])
    assert steps_of(tmp_path) == [0, 2, 4, 5]
    train(*clips, tmp_path, dataclasses.replace(options, num_steps=20), clips[1])
    assert steps_of(tmp_path) == [0, 2, 4, 5, 6]
    assert best_of(tmp_path) == (2, 5.0)
    monkeypatch.setattr(training, "evaluate", Losses([8.0, 9.0]))
    options = dataclasses.replace(options, num_steps=30, patience=4)
    train(*clips, tmp_path, options, clips[1])
    assert steps_of(tmp_path) == [0, 2, 4, 5, 6, 8, 10]


def test_start_may_be_the_best(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "evaluate", Losses([1.0, 2.0, 3.0]))
    train(*clips, tmp_path, option(num_steps=9, patience=2), validation=clips[1])
    assert steps_of(tmp_path) == [0, 1, 2]
    assert best_of(tmp_path) == (0, 1.0)


def test_command_fine_tunes(sources, tmp_path, capsys):
    records = write_groove_records(tmp_path / "grooves.tfrecord")
    run = tmp_path / "run"
    flags = [
        f"--run_dir={run}", f"--examples_path={records}", "--num_workers=1", "--num_steps=2",
        "--eval_steps=1", "--validation_split=0.3", "--picture_steps=0",
    ]  # fmt: skip
    begun = [f"--warm_start={sources[0]['exports']}", "--freeze=encoder, latent", "--patience=5"]
    assert command.main([*flags, *begun]) == 0
    shown = capsys.readouterr().err
    assert "frozen: encoder, latent" in shown
    assert f"The weights are those of {sources[0]['exports']}" in shown
    assert command.main([*flags, *begun, "--num_steps=3"]) == 0
    assert "Going on from step 2" in capsys.readouterr().err
    assert facts_of(run)["frozen"] == ["encoder", "latent"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--warm_start=nowhere"],
            "no such folder, nor a model of that name",
        ),
        (["--warm_start=http://x"], "a server does not give away weights"),
        (["--warm_start=x", "--ckpt_path=y"], "one of the two"),
        (["--warm_start=x", "--mode=eval"], "are for --mode=train"),
        ([f"--config={NAME}", "--freeze=decodr", f"--hparams={SMALL}"], "Did you mean 'decoder'"),
        ([f"--config={NAME}", "--patience=-1"], "--patience must be 0"),
    ],
)
def test_command_says_what_is_wrong(flags, message, tmp_path, capsys):
    records = write_groove_records(tmp_path / "grooves.tfrecord")
    assert (
        command.main([f"--run_dir={tmp_path / 'run'}", f"--examples_path={records}", *flags]) == 2
    )
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert not (tmp_path / "run").exists()
