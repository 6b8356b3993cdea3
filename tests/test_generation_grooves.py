import numpy as np
import pytest

from lofi_tf.backends.open import backend_of_model
from lofi_tf.config import load_config
from lofi_tf.errors import LofiError, NoSuchFunction
from lofi_tf.generation import (
    GenerationConfig,
    add_hihats,
    groove_transfer,
    humanize,
    sample,
    tap2drum,
)
from lofi_tf.music.sequence_proto import NoteSequence
from tests.grooves import scrambled_model
from tests.mirrors import CLOSED, KICK, OPEN, SNARE, drums, hits_of, melody, mirror

STEP = 0.125  # seconds at 120


def playing(*cells):
    """A change of outputs to the given (step, drum, velocity, offset) hits."""

    def change(outputs, given):
        found = np.zeros_like(outputs)
        for step, drum, velocity, offset in cells:
            found[:, step, drum] = 1
            found[:, step, 9 + drum] = velocity / 127
            found[:, step, 18 + drum] = offset
        return found

    return change


def timed(piece: NoteSequence) -> list[tuple[float, int, int]]:
    return sorted((round(n.start_time / STEP, 4), n.pitch, n.velocity) for n in piece.notes)


def test_humanize_keeps_the_hits_and_takes_velocities_and_timing():
    # The model hits kick and snare, 0.25 of a step early and 0.2 late, and a crash of its own.
    log = []
    model = playing((0, 0, 110, 0.5), (4, 1, 60, -0.4), (9, 7, 127, 0.0))
    backend = mirror("groovae_2bar_humanize", change=model, log=log)
    beat = drums((0, KICK, 5, 0.3), (4, 40, 7, -0.2), qpm=120.0)
    (found,) = humanize(backend, beat)
    assert timed(found) == [(-0.25, KICK, 110), (4.2, 40, 60)]
    inputs = log[0][1]["inputs"][0]  # hits alone: the score is quantised; one bar fills two
    assert np.argwhere(inputs).tolist() == [[0, 0], [4, 1], [16, 0], [20, 1]]
    name, asked = log[1]
    assert name == "play_hits"
    assert np.argwhere(asked["hits"][0]).tolist() == [[0, 0], [4, 1], [16, 0], [20, 1]]


def test_drawn_hits_are_played_again_but_where_the_decoded_are_asked_for():
    log = []
    backend = mirror("groovae_2bar_humanize", change=playing((3, 1, 40, 0.1)), log=log)
    (found,) = sample(backend, 1, GenerationConfig(temperature=1.0))
    assert [name for name, _ in log] == ["decode", "play_hits"]
    assert np.argwhere(log[1][1]["hits"][0]).tolist() == [[3, 1]]
    assert timed(found) == [(2.95, SNARE, 40)]
    log.clear()
    sample(backend, 1, GenerationConfig(temperature=1.0, expression="decoded"))
    assert [name for name, _ in log] == ["decode"]


def test_an_export_from_before_plays_what_it_decodes():
    backend = mirror("groovae_2bar_humanize", change=playing((3, 1, 40, 0.1)))
    answer = backend.call

    def older(name, given):
        if name == "play_hits":
            raise NoSuchFunction("no signature 'play_hits'")
        return answer(name, given)

    backend.call = older
    (found,) = sample(backend, 1)
    assert timed(found) == [(2.95, SNARE, 40)]


def test_expressions_have_names():
    with pytest.raises(LofiError, match=r"Allowed: decoded, played\. Received: 'soft'"):
        GenerationConfig(expression="soft")


def test_no_hit_is_left_out_and_other_notes_stay():
    roll = [(8 + place / 2, SNARE, 60 + place) for place in range(5)]
    beat = drums(
        *((0, 35, 5), (0, KICK, 90), (4, 40, 90, 0.2), (4, SNARE, 80, -0.1), *roll),
        *((12 + third / 3, CLOSED, 70) for third in range(4)),
        qpm=100.0,
    )
    beat.notes.extend(melody((0, 16, 60), (3, 2, 64), qpm=100.0).notes)
    backend = mirror("groovae_2bar_humanize", change=lambda outputs, given: outputs + 0.3)
    (found,) = humanize(backend, beat)
    assert [note.pitch for note in found.notes] == [note.pitch for note in beat.notes]
    assert [n for n in found.notes if not n.is_drum] == [n for n in beat.notes if not n.is_drum]
    for one, other in zip(found.notes, beat.notes, strict=True):
        before = other.end_time - other.start_time
        assert one.end_time - one.start_time == pytest.approx(before)
    (same,) = humanize(backend, beat, amount=0.0)
    assert same == beat


def test_humanize_at_another_tempo_is_the_same_in_steps():
    beat = drums((0, KICK, 5, 0.1), (4, 40, 7, -0.2), (8.5, KICK, 40), qpm=120.0)
    backend = mirror("groovae_2bar_humanize", change=playing((0, 0, 110, 0.5), (4, 1, 60, -0.4)))
    (plain,), (slow,) = (humanize(backend, beat, how=GenerationConfig(qpm=q)) for q in (None, 60.0))
    assert slow.tempos[0].qpm == 60.0
    assert [(n.pitch, n.velocity, n.start_time / 2) for n in slow.notes] == [
        (n.pitch, n.velocity, pytest.approx(n.start_time, abs=1e-9)) for n in plain.notes
    ]


def test_humanize_refuses_what_there_is_not():
    backend, beat = mirror("groovae_2bar_humanize"), drums((0, KICK))
    with pytest.raises(LofiError, match="amount must be 0 to 1.5"):
        humanize(backend, beat, amount=2.0)
    with pytest.raises(LofiError, match="swing, accents, or none. Received: 'sweng'"):
        humanize(backend, beat, keep="sweng")


def test_humanize_draws_latents_of_the_posterior_by_temperature():
    log = []
    backend = mirror("groovae_2bar_humanize", log=log)
    beat = drums((0, KICK), (8, SNARE))
    cold = humanize(backend, beat, 2, GenerationConfig(temperature=0))
    assert timed(cold[0]) == timed(cold[1])
    mean = log[0][1]["inputs"].reshape(1, -1)
    asked = [given["z"] for name, given in log if name == "play_hits"]
    np.testing.assert_array_equal(asked[0], mean)
    log.clear()
    humanize(backend, beat, 2, GenerationConfig(temperature=0.5))
    one, two = (given["z"] for name, given in log if name == "play_hits")
    assert np.std(one - mean) == pytest.approx(0.5 * 0.1, rel=0.1)  # the mirror's stddev is 0.1
    assert not np.allclose(one, two)


def test_humanize_plays_longer_pieces_at_their_tempo():
    model = playing((0, 0, 100, 0.0), (16, 0, 100, 0.0))  # the last of four windows reaches back
    beat = drums(*((32 * k, KICK) for k in range(4)), qpm=90.0)
    (found,) = humanize(mirror("groovae_2bar_humanize", change=model), beat)
    assert hits_of(found) == [(32 * k, KICK, 100) for k in range(4)]
    assert found.tempos[0].qpm == 90.0


def test_tap2drum_takes_any_notes_for_taps():
    log = []
    backend = mirror(
        "groovae_2bar_tap_fixed_velocity", change=playing((0, 0, 90, 0), (4, 1, 80, 0)), log=log
    )
    taps = melody((0, 1, 60), (3, 2, 72), (6, 1, 48))
    taps.notes[1].start_time += 0.2 * STEP
    (found,) = tap2drum(backend, taps)
    inputs = log[0][1]["inputs"][0]
    hits, velocities, offsets = np.split(inputs, 3, axis=1)
    assert np.argwhere(hits[:16]).tolist() == [[0, 3], [3, 3], [6, 3]]
    assert not velocities.any()
    assert offsets[3, 3] == pytest.approx(-0.4)  # 2 * (grid - onset) / step
    assert timed(found) == [(0.0, KICK, 90), (4.0, SNARE, 80)]


def test_add_hihats_adds_them_and_changes_nothing_else():
    log = []
    model = playing((0, 2, 70, 0.0), (2, 2, 50, -0.2), (4, 1, 1, 0.0))
    backend = mirror("groovae_2bar_add_closed_hh", change=model, log=log)
    beat = drums((0, KICK, 111, 0.1), (4, 40, 93, -0.2), (5, CLOSED, 10), (6, OPEN, 60))
    (found,) = add_hihats(backend, beat)
    assert timed(found) == [
        (0.0, CLOSED, 70), (0.1, KICK, 111), (2.1, CLOSED, 50), (3.8, 40, 93), (6.0, OPEN, 60),
    ]  # fmt: skip
    assert not log[0][1]["inputs"][0][:, 2].any()
    (slower,) = add_hihats(backend, beat, how=GenerationConfig(qpm=60.0))
    assert [(2 * start, pitch, loud) for start, pitch, loud in timed(found)] == [
        pytest.approx(note, abs=1e-3) for note in timed(slower)
    ]


def test_groove_transfer_decodes_the_feel_of_one_with_the_hits_of_the_other():
    log = []
    model = playing((0, 0, 33, -0.6), (16, 0, 44, 0.0))
    backend = mirror("groovae_2bar_hits_control_tfds", change=model, log=log)
    feel = drums((0, SNARE, 99, 0.2), qpm=80.0)
    hits = drums((0, KICK), (16, KICK), (32, KICK), (48, KICK), qpm=110.0)
    (found,) = groove_transfer(backend, feel, hits, how=GenerationConfig(temperature=0))
    (_, first), (_, asked) = log
    assert first["inputs"].shape[0] == 1
    assert asked["z"].shape[0] == 2  # one latent serves both windows
    assert (asked["z"] == first["inputs"].reshape(1, -1)).all()
    assert np.argwhere(asked["controls"][0]).tolist() == [[0, 0], [16, 0]]
    assert hits_of(found) == [(0, KICK, 33), (16, KICK, 44), (32, KICK, 33), (48, KICK, 44)]
    assert found.tempos[0].qpm == 110.0
    assert found.notes[0].start_time == pytest.approx(0.3 * 15 / 110)


@pytest.mark.parametrize(
    ("verb", "named"),
    [
        (humanize, "groovae_2bar_humanize"),
        (tap2drum, "groovae_2bar_tap_fixed_velocity_note_dropout"),
        (add_hihats, "groovae_2bar_add_closed_hh"),
        (groove_transfer, "groovae_2bar_hits_control_tfds"),
    ],
)
@pytest.mark.parametrize("config", ["groovae_4bar", "cat-mel_2bar_small"])
def test_model_for_something_else_is_refused_and_others_named(verb, named, config):
    pieces = [drums((0, KICK))] * (2 if verb is groove_transfer else 1)
    with pytest.raises(LofiError, match=named) as error:
        verb(mirror(config), *pieces)
    assert f"{config} was not made for {verb.__name__}" in str(error.value)


def test_a_model_without_a_latent_humanizes_the_hits_that_it_is_given():
    hparams = "z_size=0,head.kind=groove_mixture,converter.hits_as_controls=true"
    backend = backend_of_model(*scrambled_model("groovae_2bar_humanize", hparams))
    beat = drums((0, KICK), (4, SNARE), (6, CLOSED), (18, KICK))
    (found,) = humanize(backend, beat)
    assert sorted(note.pitch for note in found.notes) == [KICK, KICK, SNARE, CLOSED]
    places = [round(note.start_time / STEP, 4) for note in found.notes]
    assert all(abs(place - round(place)) <= 0.5 for place in places)
    assert timed(humanize(backend, beat)[0]) == timed(found)
    assert timed(humanize(backend, beat, how=GenerationConfig(seed=1))[0]) != timed(found)
    medians = [
        timed(humanize(backend, beat, how=GenerationConfig(0.0, seed))[0]) for seed in (1, 2)
    ]
    assert medians[0] == medians[1] != timed(found)


def test_new_grooves_are_told_tempo_style_and_density():
    backend = backend_of_model(*scrambled_model("groove_4bar"))
    plain = timed(sample(backend, 1, GenerationConfig(1.0))[0])
    for change in ({"qpm": 84.0}, {"style": "hiphop"}, {"density": 30.0}):
        (other,) = sample(backend, 1, GenerationConfig(1.0, **change))
        step_seconds = 15.0 / change.get("qpm", 120.0)
        assert plain != sorted(
            (round(n.start_time / step_seconds, 4), n.pitch, n.velocity) for n in other.notes
        )
    again = sample(backend, 1, GenerationConfig(1.0, expression_temperature=1.0))
    assert timed(again[0]) == plain
    calm = [
        sample(backend, 1, GenerationConfig(1.0, seed, expression_temperature=0.0))[0]
        for seed in (0, 0)
    ]
    assert timed(calm[0]) == timed(calm[1]) != plain
    with pytest.raises(LofiError, match="knows no distributions"):
        sample(mirror("groovae_4bar"), 1, GenerationConfig(expression_temperature=0.5))
    with pytest.raises(LofiError, match="Did you mean 'hiphop'"):
        sample(backend, 1, GenerationConfig(style="hiphopp"))
    with pytest.raises(LofiError, match="knows no styles"):
        sample(mirror("groovae_4bar"), 1, GenerationConfig(style="hiphop"))


@pytest.mark.parametrize(
    ("config", "asked", "expected"),
    [
        ("groovae_4bar", None, (0.5, None)),
        ("groovae_4bar", 0.0, (0.0, None)),
        ("groove_4bar", None, (0.9, 1.0)),
        ("groove_4bar", 0.3, (0.3, None)),
    ],
)
def test_a_model_that_knows_how_hits_are_played_draws_as_it_learned(config, asked, expected):
    how = GenerationConfig().at_temperature(asked, load_config(config))
    assert (how.temperature, how.expression_temperature) == expected
    apart = GenerationConfig(expression_temperature=0.2).at_temperature(None, load_config(config))
    assert apart.expression_temperature == 0.2
