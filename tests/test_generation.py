import numpy as np
import pytest

from lofi_tf import generation
from lofi_tf.backends.base import Backend
from lofi_tf.backends.open import backend_of_model
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.generation import GenerationConfig
from lofi_tf.music.sequence_proto import NoteSequence
from tests.grooves import groove_records, scrambled_model


@pytest.fixture(scope="module")
def backend():
    return backend_of("groovae_2bar_humanize")


def backend_of(name: str) -> Backend:
    return backend_of_model(*scrambled_model(name))


def bytes_of(pieces) -> list[bytes]:
    return [piece.SerializeToString() for piece in pieces]


def groove(number: int) -> NoteSequence:
    return NoteSequence.FromString(groove_records()[number])


def test_same_seed_same_pieces_whatever_their_number(backend):
    ten = bytes_of(generation.sample(backend, 10, GenerationConfig(temperature=1.0, seed=7)))
    assert ten[:3] == bytes_of(
        generation.sample(backend, 3, GenerationConfig(temperature=1.0, seed=7))
    )
    assert len(set(ten)) == 10
    assert ten != bytes_of(
        generation.sample(backend, 10, GenerationConfig(temperature=1.0, seed=8))
    )


def test_other_batch_sizes_round_but_do_not_choose_otherwise(backend):
    eights, twos = (
        generation.sample(
            backend, 5, GenerationConfig(temperature=0.0, seed=7, max_batch_size=size)
        )
        for size in (8, 2)
    )
    for one, other in zip(eights, twos, strict=True):
        assert_same_notes(one, other)


def assert_same_notes(one: NoteSequence, other: NoteSequence) -> None:
    """Pitches are the same, times and velocities but for rounding."""
    assert [note.pitch for note in one.notes] == [note.pitch for note in other.notes] != []
    for left, right in zip(one.notes, other.notes, strict=True):
        assert left.start_time == pytest.approx(right.start_time, abs=1e-4)
        assert abs(left.velocity - right.velocity) <= 1


def test_prior_is_a_standard_normal():
    z = generation.prior(generation.row_seeds(3, 2000), 4)
    assert z.shape == (2000, 4)
    assert np.abs(z.mean(axis=0)).max() < 5 / np.sqrt(2000)
    assert np.abs(z.std(axis=0) - 1).max() < 5 / np.sqrt(4000)
    assert np.abs(np.corrcoef(z.T) - np.eye(4)).max() < 5 / np.sqrt(2000)


def test_tempo_stretches_times_only(backend):
    (slow,) = generation.sample(backend, 1, GenerationConfig(seed=1, qpm=60.0))
    (fast,) = generation.sample(backend, 1, GenerationConfig(seed=1, qpm=120.0))
    assert slow.tempos[0].qpm == 60.0
    assert len(slow.notes) == len(fast.notes) > 0
    for one, other in zip(slow.notes, fast.notes, strict=True):
        assert one.pitch == other.pitch
        assert one.start_time == pytest.approx(2 * other.start_time)


def test_interpolation_starts_and_ends_at_its_inputs(backend):
    start, end = (generation.excerpts_of(backend, groove(n)) for n in (0, 5))
    how = GenerationConfig(temperature=0.0)
    pieces = generation.interpolate(backend, start, end, 5, how)
    for piece, excerpt in ((pieces[0], start), (pieces[-1], end)):
        mean, _ = backend.encode(excerpt.inputs[:1], excerpt.lengths[:1])
        assert_same_notes(piece, generation.decode(backend, mean, how)[0])
    assert len(pieces) == 5


def test_interpolation_between_equal_inputs_is_that_input(backend):
    excerpt = generation.excerpts_of(backend, groove(0))
    pieces = generation.interpolate(backend, excerpt, excerpt, 3, GenerationConfig(temperature=0.0))
    assert_same_notes(pieces[0], pieces[1])
    assert_same_notes(pieces[0], pieces[2])


def test_controls_decide_and_are_asked_for():
    backend = backend_of("groovae_2bar_hits_control_tfds")
    with pytest.raises(LofiError, match="input_midi_1"):
        generation.sample(backend, 1)
    controls = generation.excerpts_of(backend, groove(0)).controls[0]
    assert controls.shape == (32, 9)
    given = bytes_of(generation.sample(backend, 2, GenerationConfig(seed=1), controls))
    assert given != bytes_of(generation.sample(backend, 2, GenerationConfig(seed=1), 0 * controls))


def test_piece_that_does_not_fit_names_the_rule(backend):
    with pytest.raises(NotConvertible) as error:
        generation.excerpts_of(backend, groove(3))  # in 5/4
    assert error.value.rule == "metre"


@pytest.mark.parametrize(
    "given", [{"temperature": -1}, {"temperature": float("nan")}, {"qpm": 0}, {"max_batch_size": 0}]
)
def test_numbers_out_of_range_are_refused(given):
    with pytest.raises(LofiError, match=f"{next(iter(given))} must be"):
        GenerationConfig(**given)
