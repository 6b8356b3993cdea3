"""Models of every kind equal Magenta's; and the comparison can fail."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.interop import magenta_checkpoint
from lofi_tf.models.common import latent_model
from lofi_tf.models.sequence import vae
from tests import magenta_parity
from tests.model_parity import check_litert, check_model

GOLDEN = Path(__file__).parent / "data" / "golden"
CONFIGS = sorted(path.stem for path in (GOLDEN / "models").glob("*.npz"))
SHORT = "groovae_2bar_humanize"
ANSWERS = {"mu", "sigma", "z", "kl_nats", "r_loss", "decoded", "train_losses"}


def failed(rows) -> set[str]:
    return {row.check.partition("|")[0] for row in rows if not row.ok}


@pytest.mark.parametrize("name", CONFIGS)
def test_model_equals_magenta(name):
    rows = check_model(name, GOLDEN)
    assert not failed(rows), magenta_parity.table(rows)
    kinds = {row.check.partition("|")[0] for row in rows}
    assert kinds >= ANSWERS | {"gradient", "after", "train_gradient_norms"}


def test_litert_form_equals_magenta():
    rows = check_litert(SHORT, GOLDEN)
    assert not failed(rows), magenta_parity.table(rows)
    assert {row.check for row in rows} == {"mu", "sigma", "decoded"}


@pytest.fixture
def without_graphs():
    """A few steps of the smallest model take less time than tracing them."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("without_graphs")
def test_parity_fails_without_z(monkeypatch):
    call = vae.MusicVAE.losses_of
    monkeypatch.setattr(
        vae.MusicVAE, "losses_of", lambda self, batch, noise: call(self, batch, 0 * noise)
    )
    assert failed(check_model(SHORT, GOLDEN)) >= {"r_loss", "train_losses", "gradient"}


@pytest.mark.usefixtures("without_graphs")
def test_parity_fails_without_the_kl_cost(monkeypatch):
    monkeypatch.setattr(latent_model, "kl_cost", lambda kl_nats, free_bits: 0.0 * kl_nats)
    assert failed(check_model(SHORT, GOLDEN)) >= {"train_losses", "gradient"}


@pytest.mark.usefixtures("without_graphs")
def test_parity_fails_without_free_bits(monkeypatch):
    monkeypatch.setattr(latent_model, "kl_cost", lambda kl_nats, free_bits: kl_nats)
    assert failed(check_model(SHORT, GOLDEN)) == {"train_losses"}


@pytest.mark.usefixtures("without_graphs")
def test_parity_fails_with_a_direction_dropped(monkeypatch):
    from lofi_tf.models.sequence.encoders import BidirectionalLSTMEncoder as Encoder

    call = Encoder.call

    def one_way(self, inputs, lengths, seed=None):
        forward, backward = tf.split(call(self, inputs, lengths, seed), 2, axis=-1)
        return tf.concat([forward, tf.zeros_like(backward)], axis=-1)

    monkeypatch.setattr(Encoder, "call", one_way)
    assert failed(check_model(SHORT, GOLDEN)) >= {"mu", "sigma", "gradient"}


@pytest.mark.usefixtures("without_graphs")
def test_parity_fails_without_the_forget_bias(monkeypatch):
    assign = magenta_checkpoint._assign

    def without(layer, kernel, bias):
        assign(layer, kernel, bias)
        if isinstance(layer, magenta_checkpoint.LSTM):
            bias = layer.bias.numpy()
            bias[layer.units : 2 * layer.units] -= 1.0
            layer.bias.assign(bias)

    monkeypatch.setattr(magenta_checkpoint, "_assign", without)
    assert failed(check_model(SHORT, GOLDEN)) >= {"mu", "r_loss", "decoded"}


@pytest.mark.usefixtures("without_graphs")
def test_an_answer_that_nobody_compares_and_a_missing_one_fail(tmp_path):
    golden = copy_of(SHORT, tmp_path)
    path = golden / "models" / f"{SHORT}.npz"
    answers = dict(np.load(path)) | {"surprise": np.zeros(3)}
    del answers["gradient|encoder/mu/kernel"]
    np.savez(path, **answers)
    # Which entries after training count follows from the gradient that is missing.
    assert failed(check_model(SHORT, golden)) == {"surprise", "gradient", "after"}


@pytest.mark.parametrize("arguments", [["--configs=no_such_config"], ["--golden={empty}"]])
def test_command_fails_where_nothing_is_compared(tmp_path, arguments, capsys):
    given = [f"--golden={GOLDEN}", *(a.format(empty=tmp_path) for a in arguments)]
    assert magenta_parity.main(given) == 1


def test_command_fails_where_one_file_is_missing(tmp_path, capsys):
    golden = copy_of("groovae_4bar", tmp_path)
    (golden / "models" / "groovae_4bar.ckpt.index").unlink()
    assert magenta_parity.main([f"--golden={golden}", "--configs=groovae_4bar"]) == 1
    assert "DIFFERS" in capsys.readouterr().out


def copy_of(name: str, folder: Path) -> Path:
    """A folder of goldens with one config, to spoil."""
    golden = folder / "golden"
    shutil.copytree(GOLDEN / "inputs", golden / "inputs")
    for kind in ("tensors", "models"):
        (golden / kind).mkdir()
        for path in (GOLDEN / kind).glob(f"{name}.*"):
            shutil.copy(path, golden / kind)
    return golden
