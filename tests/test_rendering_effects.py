"""Each effect against what its formula says, and in whatever stretches it is asked."""

import numpy as np
import pytest
from scipy.signal import hilbert

from lofi_tf.rendering.ducking import ATTACK_SECONDS, Ducking, gain_of
from lofi_tf.rendering.effects import (
    BitDepth,
    Filter,
    Gain,
    SampleHold,
    Saturation,
    WowAndFlutter,
    run,
)
from lofi_tf.rendering.limiter import Limiter
from lofi_tf.rendering.room import Room
from lofi_tf.rendering.vinyl import POP_SHARE, Vinyl, clicks

RATE = 44100


def sine(hz, seconds=1.0, amplitude=0.5):
    wave = amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([wave, wave])


def noise(count, seed=0, amplitude=0.3):
    return amplitude * np.random.default_rng(seed).standard_normal([2, count])


def after(effect, block):
    return np.concatenate(list(run([effect], [block])), axis=1)


def amplitude_of(mono, hz):
    """Returns the amplitude of a partial, whose periods fit into a second."""
    part = mono[-RATE:]
    return 2 * np.abs(np.mean(part * np.exp(-2j * np.pi * hz * np.arange(RATE) / RATE)))


EFFECTS = {
    "saturation": lambda: Saturation(9),
    "wow": lambda: WowAndFlutter(0.4, 0.7, 0.1, 8, RATE, 3),
    "hold": lambda: SampleHold(11000, RATE),
    "bits": lambda: BitDepth(7),
    "lowpass": lambda: Filter("lowpass", 3000, RATE),
    "highpass": lambda: Filter("highpass", 80, RATE),
    "vinyl": lambda: Vinyl(-50, 60, -20, RATE, 5),
    "room": lambda: Room(0.8, 3000, RATE),
    "limiter": lambda: Limiter(-6, RATE),
    "gain": lambda: Gain(-3),
}


@pytest.mark.parametrize("name", EFFECTS)
def test_samples_do_not_depend_on_the_stretches_they_come_in(name):
    sound = noise(50000)
    whole = after(EFFECTS[name](), sound)
    assert whole.shape == sound.shape
    for sizes in ([1, 2, 3, 30000, 19994], [777] * 64 + [272]):
        blocks = np.split(sound, np.cumsum(sizes)[:-1], axis=1)
        parts = np.concatenate(list(run([EFFECTS[name]()], blocks)), axis=1)
        np.testing.assert_array_equal(parts, whole)


def test_effects_in_a_row_keep_their_place():
    sound = np.zeros([2, 5000])
    sound[:, 1000] = 0.25
    effects = [WowAndFlutter(0, 1, 0, 8, RATE, 0), Limiter(-1, RATE), Gain(6.0206)]
    assert sum(effect.latency for effect in effects) > 50
    out = np.concatenate(list(run(effects, np.split(sound, 5, axis=1))), axis=1)
    np.testing.assert_allclose(out, 2 * sound, atol=1e-5)


@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
def test_filters_are_butterworths(kind):
    corner = 2000
    for hz in (200, 1000, 2000, 4000, 12000):
        found = amplitude_of(after(Filter(kind, corner, RATE), sine(hz, 2))[0], hz) / 0.5
        ratio = np.tan(np.pi * hz / RATE) / np.tan(np.pi * corner / RATE)
        power = ratio ** (4 if kind == "lowpass" else -4)
        assert found == pytest.approx((1 + power) ** -0.5, rel=1e-4)


def test_saturation_is_tanh():
    # tanh(x) = x - x**3 / 3 + ...: a sine of amplitude a has a third harmonic of a**3 / 12.
    size, gain = 0.1, 10 ** (6 / 20)
    out = after(Saturation(6), sine(100, 2, size))[0]
    driven = gain * size
    assert amplitude_of(out, 300) * gain == pytest.approx(driven**3 / 12, rel=0.02)
    assert amplitude_of(out, 100) * gain == pytest.approx(driven - driven**3 / 4, rel=1e-3)
    steady = after(Saturation(20), np.full([2, 100], 0.7))
    np.testing.assert_allclose(steady[:, 2:], np.tanh(7) / 10, rtol=1e-9)


def test_saturation_aliases_less_than_plain_tanh():
    loud = sine(4999, 2, 1.0)  # its ninth harmonic folds back to 891 Hz
    folded = 9 * 4999 - RATE
    plain = amplitude_of(np.tanh(8 * loud[0]), folded)
    assert amplitude_of(8 * after(Saturation(18.0618), loud)[0], folded) < plain / 4


@pytest.mark.parametrize(("wow", "hz"), [(0.2, 0.6), (1.0, 2.0)])
def test_wow_is_as_deep_and_as_fast_as_it_says(wow, hz):
    out = after(WowAndFlutter(wow, hz, 0, 8, RATE, 1), sine(1000, 6))[0]
    speed = np.diff(np.unwrap(np.angle(hilbert(out)))) / (2 * np.pi) * RATE / 1000
    speed = np.convolve(speed, np.full(441, 1 / 441), "valid")[5000:-5000]  # whole periods
    assert speed.max() - 1 == pytest.approx(wow / 100, rel=0.02)
    assert speed.min() - 1 == pytest.approx(-wow / 100, rel=0.02)
    turns = np.count_nonzero(np.diff(np.sign(speed - 1)))
    assert turns == pytest.approx(2 * hz * len(speed) / RATE, abs=1.01)


def test_bits_leave_the_noise_of_their_steps():
    loud = sine(997, 2, 0.999)[0]
    for bits in (8, 12):
        error = after(BitDepth(bits), np.stack([loud, loud]))[0] - loud
        ratio = 10 * np.log10(np.mean(loud**2) / np.mean(error**2))
        assert ratio == pytest.approx(6.02 * bits + 1.76, abs=0.3)


def test_held_samples_are_those_of_the_lower_rate():
    ramp = np.stack([np.arange(1000.0)] * 2)
    held = after(SampleHold(RATE // 4, RATE), ramp)[0]
    np.testing.assert_array_equal(held, np.repeat(np.arange(0, 1000, 4), 4))
    odd = after(SampleHold(10000, RATE), np.stack([np.arange(float(RATE))] * 2))[0]
    assert len(np.unique(odd)) == 10000
    np.testing.assert_array_equal(odd[: RATE // 2] <= np.arange(RATE // 2), True)
    # A tone above half the rate comes back as its mirror image.
    image = after(SampleHold(11025, RATE), sine(8025, 2))[0]
    assert amplitude_of(image, 3000) > 0.3


def test_crackle_comes_as_often_and_as_loud_as_it_says():
    found = [clicks(7, second, 12.0, RATE) for second in range(400)]
    count = sum(len(places) for places, _, _ in found)
    assert abs(count - 4800) < 4 * 4800**0.5  # Poisson
    sizes = np.concatenate([np.abs(sizes).max(axis=0) for _, sizes, _ in found])
    assert np.median(sizes) == pytest.approx(1, rel=0.06)
    pops = sum(int(pops.sum()) for _, _, pops in found)
    assert abs(pops - POP_SHARE * count) < 4 * (POP_SHARE * count) ** 0.5
    places = np.concatenate([places for places, _, _ in found])
    assert abs(places.mean() / RATE - 0.5) < 4 * (1 / 12 / count) ** 0.5


def test_noise_is_the_seeds_alone():
    silence = np.zeros([2, 3 * RATE])
    one, again, other = (after(Vinyl(-40, 20, -20, RATE, seed), silence) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] < 0.05
    hiss = after(Vinyl(-40, 0, -20, RATE, 1), silence)
    assert 20 * np.log10(hiss.std()) == pytest.approx(-40, abs=0.1)
    spectrum = np.abs(np.fft.rfft(hiss[0]))
    low, high = (spectrum[b : b + 20000].std() for b in (1000, 40000))
    assert low == pytest.approx(high, rel=0.05)  # white
    assert abs(np.corrcoef(hiss)[0, 1]) < 0.02
    np.testing.assert_array_equal(after(Vinyl(None, 0, -20, RATE, 1), silence), silence)


def test_a_click_is_as_high_as_crackle_db():
    sound = after(Vinyl(None, 3, -26, RATE, 1), np.zeros([2, 20 * RATE]))
    found = [clicks(1, second, 3, RATE) for second in range(20)]
    second, number = next(
        (s, n)
        for s, (places, _, pops) in enumerate(found)
        for n in range(len(places))
        if not pops[n]
        and np.sort(np.abs(places - places[n]))[1:2].min(initial=RATE) > 4000
        and 4000 < places[n] < RATE - 4000
    )
    place = second * RATE + found[second][0][number]
    peak = np.abs(sound[:, place - 5 : place + 400]).max(axis=1)
    expected = np.abs(found[second][1][:, number]) * 10 ** (-26 / 20)
    np.testing.assert_allclose(peak, expected, rtol=1e-6)


def test_ducking_goes_down_with_the_kick_and_comes_back():
    ducking = Ducking(np.array([1000, 40000]), np.array([1.0, 0.5]), 0.2, RATE)
    depth = ducking.depth(0, 60000)
    attack, release = ATTACK_SECONDS * RATE, 0.2 * RATE
    assert not depth[:1001].any()
    assert depth[round(1000 + attack)] == pytest.approx(1, abs=1e-3)
    assert depth[round(1000 + attack / 2)] == pytest.approx(0.5, abs=0.01)
    assert depth[round(1000 + attack + release / 2)] == pytest.approx(0.5, abs=1e-3)
    assert not depth[round(1000 + attack + release) + 2 : 40000].any()
    assert depth[40000:].max() == pytest.approx(0.5, abs=1e-3)
    level = 20 * np.log10(gain_of(depth, 6.0))
    assert level.min() == pytest.approx(-6, abs=0.01) and level[0] == 0
    parts = [ducking.depth(begin, 777) for begin in range(0, 60000, 777)]
    np.testing.assert_array_equal(np.concatenate(parts)[:60000], depth)


@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_a_room_decays_by_60_db_in_its_time(seconds):
    impulse = np.zeros([2, int(1.5 * seconds * RATE)])
    impulse[:, 0] = 1
    out = after(Room(seconds, 20000, RATE), impulse)
    low = after(Filter("lowpass", 1000, RATE), out)
    left = np.cumsum((low**2).sum(axis=0)[::-1])[::-1]  # Schroeder's integral
    level = 10 * np.log10(left / left[0])
    first, last = np.flatnonzero(level < -5)[0], np.flatnonzero(level < -35)[0]
    assert 2 * (last - first) / RATE == pytest.approx(seconds, rel=0.1)
    assert not out[:, : int(0.03 * RATE)].any()  # the way to the nearest wall
    assert abs(np.corrcoef(out)[0, 1]) < 0.2  # as wide as it can be
    dark = after(Room(seconds, 500, RATE), impulse)
    bright_share, dark_share = (
        np.square(np.abs(np.fft.rfft(sound[0]))[len(sound[0]) // 10 :]).sum()
        / (sound[0] ** 2).sum()
        for sound in (out, dark)
    )
    assert dark_share < 0.1 * bright_share
