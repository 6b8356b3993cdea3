"""Beats longer than a window, and beats that go on: each window is given the bars before it."""

import numpy as np
import pytest

from lofi_tf.backends.open import backend_of_model
from lofi_tf.generation import GenerationConfig, continue_, sample
from lofi_tf.generation.decoding import decode_arrays, prior, row_seeds
from lofi_tf.generation.going_on import can_go_on, gone_on
from tests.grooves import scrambled_model
from tests.mirrors import drums, mirror

HOW = GenerationConfig(1.0, seed=3, qpm=100.0)


@pytest.fixture(scope="module")
def backend():
    return backend_of_model(*scrambled_model("groove_4bar"))


@pytest.fixture(scope="module")
def latents(backend):
    return prior(row_seeds(HOW.seed, 2), backend.config.model.z_size)


def test_models_that_fill_and_need_no_other_music_go_on(backend):
    assert can_go_on(backend)
    assert not can_go_on(mirror("groovae_4bar"))
    assert not can_go_on(backend_of_model(*scrambled_model("groove_humanize")))


def test_a_longer_beat_begins_as_the_short_one_of_its_seed_does(backend, latents):
    long = gone_on(backend, latents, HOW, 9)
    assert long.shape == (2, 9 * 16, 27)
    np.testing.assert_array_equal(long[:, :64], decode_arrays(backend, latents, HOW))
    shorter = gone_on(backend, latents, HOW, 7)
    np.testing.assert_array_equal(long[:, : 7 * 16], shorter)


def test_a_row_does_not_depend_on_the_others(backend, latents):
    both = gone_on(backend, latents, HOW, 6)
    np.testing.assert_array_equal(gone_on(backend, latents[:1], HOW, 6), both[:1])


def test_each_window_is_given_the_bars_before_it_and_its_place_in_the_phrase(backend, latents):
    asked = []

    class Listening:
        config, converter, num_steps = backend.config, backend.converter, backend.num_steps

        def fill(self, z, given, kept, *rest):
            asked.append((given, kept, rest[-1]))
            return backend.fill(z, given, kept, *rest)

    long = gone_on(Listening(), latents, HOW, 8, first_bar=2)
    assert len(asked) == 3
    for number, (given, kept, controls) in enumerate(asked):
        begin = 32 * number
        bars = controls[0, ::16, 16:24].argmax(-1)
        assert bars.tolist() == [(2 + begin // 16 + bar) % 8 for bar in range(4)]
        overlap = 32 if number else 0
        assert kept[:, :overlap].all() and not kept[:, overlap:].any()
        np.testing.assert_array_equal(given[:, :overlap], long[:, begin : begin + overlap])


def test_a_beat_is_kept_and_what_follows_hears_it(backend):
    beat = drums(*((step, 36) for step in range(0, 64, 4)), qpm=100.0)
    (longer,) = continue_(backend, beat, how=HOW, length_bars=3)
    bar = 4 * 60 / 100.0
    own = [(n.start_time, n.pitch) for n in longer.notes if n.start_time < 4 * bar - 1e-6]
    assert sorted(own)[: len(beat.notes)] == [(n.start_time, n.pitch) for n in beat.notes]
    assert longer.total_time == pytest.approx(7 * bar)
    other = drums(*((step, 38) for step in range(1, 64, 3)), qpm=100.0)
    (another,) = continue_(backend, other, how=HOW, length_bars=3)

    def new(piece):
        return sorted((n.start_time, n.pitch) for n in piece.notes if n.start_time > 4.1 * bar)

    assert new(longer) != new(another)


def test_long_samples_are_whole_bars_long(backend):
    pieces = sample(backend, 2, HOW, length_bars=6)
    assert [piece.total_time for piece in pieces] == pytest.approx([6 * 2.4] * 2)
