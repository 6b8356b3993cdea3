import numpy as np

from lofi_tf import progress
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.dataset import evaluation_batches
from lofi_tf.training.evaluate import evaluate
from tests.grooves import groove_examples, scrambled_model


def test_active_units_are_those_whose_means_vary(capfd, monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    model, config = scrambled_model("groovae_2bar_humanize")
    kernel = model.latent.mean.kernel
    kernel.assign(np.asarray(kernel) * np.array([1.0, 0.0, 1e-4, 1.0]))
    converter, examples = build_converter(config.data.converter), groove_examples(config)
    batches = evaluation_batches(examples, converter, 4, config.model.max_seq_len)
    means = [model.encode(b["inputs"], b["length"]).mean().numpy() for b in batches]
    variance = np.concatenate(means).var(axis=0)
    found = evaluate(model, batches, show_progress=True)
    assert found["metrics/active_units"] == (variance > 0.01).sum() == 2
    assert found["losses/kl_bits"] > 0
    assert "z_mean" not in " ".join(found)
    assert capfd.readouterr().err.count("evaluating") == len(means)
