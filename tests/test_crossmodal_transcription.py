"""From probabilities to notes: a posterior that says it plainly gives exactly its notes."""

import numpy as np
import pytest

from lofi_tf.crossmodal import transcription
from lofi_tf.crossmodal.inference import FLUX_STEPS, FrameProbabilities
from lofi_tf.crossmodal.symbol_notes import symbols_of
from lofi_tf.crossmodal.transcription import NoteSettings, transcribed
from lofi_tf.data.converters.note_events import NoteEvent
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.errors import LofiError

CONVERTER = PairedConverter(instruments=("piano", "flute"))
SECONDS = CONVERTER.frame_seconds
PARTS = [
    [NoteEvent(60, 64, 0.0, 10 * SECONDS), NoteEvent(67, 115, 10 * SECONDS, 30 * SECONDS)],
    [NoteEvent(72, 39, 5 * SECONDS, 25 * SECONDS)],
]


def heard_of(parts, num_frames=40, certainty=0.9, strikes=(), levels_db=None):
    """Returns what a model that is this sure hears of parts; `strikes`: (frame, pitch) rises."""
    symbols = symbols_of(parts, CONVERTER, num_frames)
    sizes = np.concatenate([[f.size] * f.size for f in CONVERTER.layout.fields])
    pitch_levels = np.full([num_frames, 108], -60.0, np.float32)
    flux = np.zeros(num_frames * FLUX_STEPS, np.float32)
    for frame, pitch in strikes:
        flux[frame * FLUX_STEPS] = 1
        pitch_levels[frame - 1 : frame + 1, pitch - 12] = -75
        pitch_levels[frame + 1, pitch - 12] = -40
    return FrameProbabilities(
        np.zeros([num_frames, 1], np.float32),
        symbols * certainty + (1 - certainty) / sizes,
        np.full(num_frames, -20.0) if levels_db is None else levels_db,
        pitch_levels,
        flux,
    )


def close(found, expected):
    assert [n[:2] for n in found] == [n[:2] for n in expected]
    assert np.allclose([n[2:] for n in found], [n[2:] for n in expected], atol=1e-9)


def test_plain_posterior_gives_exactly_its_notes():
    for found, part in zip(transcribed(heard_of(PARTS), CONVERTER), PARTS, strict=True):
        close(found, part)


def test_frames_that_err_alone_change_nothing():
    heard = heard_of(PARTS)
    other = heard_of([[NoteEvent(50, 64, 0, 2)], []])
    heard.probabilities[[4, 17, 35]] = other.probabilities[[4, 17, 35]]
    for found, part in zip(transcribed(heard, CONVERTER), PARTS, strict=True):
        close(found, part)


def test_noise_over_plain_posterior_changes_nothing():
    heard = heard_of(PARTS, certainty=0.7)
    noise = np.random.default_rng(1).normal(0, 0.05, heard.probabilities.shape)
    noisy = heard._replace(probabilities=np.clip(heard.probabilities + noise, 0, 1))
    for found, part in zip(transcribed(noisy, CONVERTER), PARTS, strict=True):
        close(found, part)


def test_note_that_is_struck_again_is_two():
    part = [NoteEvent(60, 64, 0, 20 * SECONDS)]
    (found, _) = transcribed(heard_of([part, []], strikes=[(10, 60)]), CONVERTER)
    middle = 10 * SECONDS
    close(found, [NoteEvent(60, 64, 0, middle), NoteEvent(60, 64, middle, 20 * SECONDS)])


def test_strike_of_another_pitch_splits_nothing():
    part = [NoteEvent(60, 64, 0, 20 * SECONDS)]
    (found, _) = transcribed(heard_of([part, []], strikes=[(10, 80)]), CONVERTER)
    close(found, part)


def test_begin_moves_to_a_near_rise_of_energy():
    part = [NoteEvent(60, 64, 12 * SECONDS, 20 * SECONDS)]
    (found, _) = transcribed(heard_of([part, []], strikes=[(10, 60)]), CONVERTER)
    close(found, [NoteEvent(60, 64, 10 * SECONDS, 20 * SECONDS)])


def test_soft_frames_are_silent():
    levels = np.where(np.arange(40) < 15, -20.0, -80.0)
    (found, _) = transcribed(heard_of(PARTS, levels_db=levels), CONVERTER)
    assert [note.end for note in found] == pytest.approx([10 * SECONDS, 15 * SECONDS])


def test_short_notes_are_dropped_and_instruments_chosen():
    parts = [[NoteEvent(60, 64, 0, 5 * SECONDS)], PARTS[1]]
    settings = NoteSettings(least_seconds=6 * SECONDS)
    found = transcribed(heard_of(parts), CONVERTER, settings)
    assert [len(part) for part in found] == [0, 1]
    found = transcribed(heard_of(PARTS), CONVERTER, instruments=["flute"])
    assert [len(part) for part in found] == [0, 1]


def test_cheapest_way_is_the_best_of_all():
    scores = np.random.default_rng(2).normal(size=(6, 3))
    ways = np.array(np.meshgrid(*[range(3)] * 6)).reshape(6, -1).T
    values = scores[np.arange(6), ways].sum(1) - 0.7 * (np.diff(ways) != 0).sum(1)
    assert transcription.best_states(scores, 0.7).tolist() == ways[values.argmax()].tolist()


def test_probability_of_a_note_is_that_of_octave_and_class():
    random = np.random.default_rng(3)
    octave, pitch = random.dirichlet(np.ones(10), 2), random.dirichlet(np.ones(13), 2)
    scores = transcription.note_scores(octave, pitch)
    assert np.allclose(scores[1, 12 * 4 + 7], np.log(octave[1, 4] * pitch[1, 7]))
    assert np.allclose(scores[0, transcription.SILENT], np.log(octave[0, 9] * pitch[0, 12]))


def test_silence_without_a_class_is_what_no_note_has():
    scores = transcription.note_scores(np.full([1, 9], 0.1), np.full([1, 12], 0.2))
    assert np.allclose(scores[0, transcription.SILENT], np.log(0.9 * 0.8))


@pytest.mark.parametrize(
    "bad", [{"smoothing_frames": 2}, {"gate_db": -1.0}, {"onset_share": 0.0}, {"rise_db": -1.0}]
)
def test_settings_out_of_range(bad):
    with pytest.raises(LofiError, match=next(iter(bad))):
        NoteSettings(**bad)


def test_labels_without_octaves_give_no_notes():
    converter = PairedConverter(instruments=("piano", "flute"), labels=("pitch", "dynamics"))
    with pytest.raises(LofiError, match="octave and pitch"):
        transcribed(heard_of(PARTS), converter)
