"""Networks over clips of sound: any length goes in and comes out, nothing leaks across a batch."""

import math

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import VAEConfig
from lofi_tf.models.sequence.components import build_decoder, build_encoder
from lofi_tf.models.sound.clip_nets import widths
from lofi_tf.models.sound.clips import GaussianHead
from lofi_tf.models.sound.mu_law import MuLawHead, mu_law_decode, mu_law_encode

NETS = {
    "dense": {"num_layers": 2, "input_neurons": 12, "output_neurons": 6},
    "conv": {"num_conv_layers": 3, "initial_channels": 2, "input_neurons": 8, "output_neurons": 6},
    "frame_lstm": {"num_layers": 2, "output_neurons": 6, "frame_size": 10, "middle_ground": 8},
    "frame_lstm by frame": {
        "num_layers": 1,
        "output_neurons": 4,
        "frame_size": 10,
        "middle_ground": 6,
        "by_frame": True,
    },
    "dense with skip": {"num_layers": 2, "input_neurons": 12, "output_neurons": 6, "skip": True},
    "conv with skip": {
        "num_conv_layers": 2,
        "initial_channels": 2,
        "input_neurons": 8,
        "output_neurons": 6,
        "skip": True,
    },
    "conv2d with skip": {"channels": [2, 4], "output_neurons": 6, "skip": True},
    "conv2d": {"channels": [2, 4, 4], "output_neurons": 6},
}


def nets(kind: str, steps: int, depth: int = 1, **options):
    component = {"kind": kind.split()[0], **NETS[kind], **options}
    model = VAEConfig(
        encoder=component, decoder=component, head={"kind": "gaussian"}, max_seq_len=steps, z_size=3
    )
    encoder = build_encoder(model, depth)
    return encoder, build_decoder(model, depth, 0, None, encoder)


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("steps", [1, 7, 64, 1000, 2995])
def test_any_length_comes_back(kind, steps):
    depth = 5 if "conv2d" in kind else 2
    encoder, decoder = nets(kind, steps, depth)
    assert encoder(tf.zeros([2, steps, depth]), lengths=None).shape == (2, 6)
    decoded = decoder.generate(tf.ones([2, 3]), steps, None, None)
    assert decoded.shape == (2, steps, depth)
    assert np.abs(decoded).max() <= 1


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_the_length_that_broke_the_seed(layers):
    """29,995 samples fit no other number of strided layers than one without cutting."""
    _, decoder = nets("conv", 29995, num_conv_layers=layers, initial_channels=1, factor=1)
    decoded = decoder.generate(tf.ones([1, 3]), 29995, None, None)
    assert decoded.shape == (1, 29995, 1)
    assert 0 < np.abs(decoded).max() <= 1


@pytest.mark.parametrize("kind", NETS)
def test_clips_of_a_batch_do_not_hear_each_other(kind):
    encoder, decoder = nets(kind, 100)
    clips = tf.random.stateless_normal([5, 100, 1], [1, 2])
    order = [3, 0, 4, 1, 2]
    encoded = encoder(clips, lengths=None).numpy()
    permuted = encoder(tf.gather(clips, order), lengths=None).numpy()
    np.testing.assert_allclose(permuted, encoded[order], rtol=1e-5, atol=1e-6)
    z = tf.random.stateless_normal([5, 3], [3, 4])
    decoded = decoder.generate(z, 100, None, None).numpy()
    permuted = decoder.generate(tf.gather(z, order), 100, None, None).numpy()
    np.testing.assert_allclose(permuted, decoded[order], rtol=1e-5, atol=1e-6)


def test_the_lstm_runs_over_time():
    """A frame changes the encoding the more the later it comes, and only what is after it."""
    _, decoder = nets("frame_lstm", 100)
    outputs = decoder.net.stack(tf.repeat(tf.ones([1, 3])[None], 10, axis=0))[0]
    assert np.abs(np.diff(outputs[:, 0], axis=0)).max(axis=1).min() > 0


def test_widths_are_geometric():
    assert widths(5, 750, 100) == [750, 453, 274, 165, 100]  # 750 * (100 / 750) ** (n / 4)
    assert widths(1, 750, 100) == [100]


def test_gaussian_loss_is_the_negative_log_likelihood():
    head = GaussianHead(2)
    head.log_sigma.assign(math.log(0.25))
    parameters, targets = tf.constant([[[0.3, -0.2]] * 4]), tf.constant([[[0.1, 0.5]] * 4])
    errors = (np.array([0.1, 0.5]) - np.tanh([0.3, -0.2])) ** 2
    a_step = (errors / (2 * 0.25**2) + math.log(0.25 * math.sqrt(2 * math.pi))).sum()
    found = head.losses(parameters, targets, tf.constant([3]))["negative_log_likelihood"]
    np.testing.assert_allclose(found, [3 * a_step], rtol=1e-5)
    sums = head.counts(parameters, targets, tf.constant([3]))
    scalars = head.scalars({name: tf.reduce_sum(value) for name, value in sums.items()})
    assert float(scalars["mse"]) == pytest.approx(errors.mean(), rel=1e-5)
    ratio = (0.1**2 + 0.5**2) / errors.sum()
    assert float(scalars["snr_db"]) == pytest.approx(10 * math.log10(ratio), rel=1e-5)


def test_mu_law_goes_there_and_back():
    samples = tf.constant(np.linspace(-1, 1, 1001), tf.float32)
    codes = mu_law_encode(samples)
    assert codes[0] == 0
    assert codes[-1] == 255
    assert (np.diff(codes) >= 0).all()
    # Half a step of the code, widest at the ends: ln(256) / 255 * (1 / 255 + |x|).
    decoded = mu_law_decode(codes).numpy()
    bound = math.log(256) / 255 * (1 / 255 + np.maximum(np.abs(samples), np.abs(decoded))) + 1e-6
    assert (np.abs(decoded - samples) <= bound).all()


def test_mu_law_head_draws_what_it_is_told():
    head = MuLawHead(1)
    logits = tf.one_hot([[3, 200, 128]], 256) * 50.0
    targets = mu_law_decode(tf.constant([[3, 200, 128]]))[..., None]
    lengths = tf.constant([3])
    assert float(head.losses(logits, targets, lengths)["cross_entropy"][0]) < 1e-3
    drawn = head.sample(logits[0], tf.zeros([3]), tf.zeros([3, 1]))
    np.testing.assert_allclose(drawn, targets[0], atol=1e-6)
    np.testing.assert_allclose(head.mean(logits), targets, atol=1e-4)
