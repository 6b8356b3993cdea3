"""Recordings to spectra: no seams, any rate, any channels."""

import numpy as np
import pytest

from lofi_tf.crossmodal import inference
from lofi_tf.data.converters.note_events import NoteEvent
from lofi_tf.data.pairs.rendered_phrases import NoteClip, sequence_of
from lofi_tf.errors import LofiError
from lofi_tf.music.instruments import instrument
from lofi_tf.rendering.notes import render_notes
from tests.crossmodal_standin import CONVERTER


@pytest.fixture(scope="module")
def recording():
    """A scale of a SoundFont's piano, 16 kHz stereo."""
    notes = tuple(NoteEvent(60 + 2 * n, 90, 0.4 * n, 0.4 * n + 0.3) for n in range(5))
    sequence = sequence_of([NoteClip(notes, "")], instrument("piano").program, 3.0)
    return render_notes(sequence, 16000)


def joined(blocks, rate):
    found = list(inference.stretches(blocks, rate, CONVERTER))
    return [np.concatenate(part) for part in zip(*found, strict=True)]


def test_stretches_have_no_seams(recording, monkeypatch):
    blocks = np.array_split(recording.samples, 7)
    spectra, flux = joined(blocks, 16000)
    monkeypatch.setattr(inference, "STRETCH_FRAMES", 25)
    pieces, pieces_flux = joined(blocks, 16000)
    assert pieces.shape == spectra.shape and len(spectra) > 55
    assert np.abs(pieces - spectra).max() < 0.005  # half a dB
    assert np.allclose(pieces_flux, flux, atol=1e-4)


def test_frames_are_those_of_the_whole_recording(recording):
    import soxr

    spectra, _ = joined([recording.samples], 16000)
    samples = soxr.resample(recording.samples.mean(axis=1), 16000, 8000, "HQ")
    assert np.abs(spectra - CONVERTER.view_of(samples)).max() < 0.005


def test_energy_rises_where_notes_begin(recording):
    _, flux = joined([recording.samples], 16000)
    step = CONVERTER.frame_seconds / inference.flux_steps(CONVERTER)
    times = listening_peaks(flux, step)
    assert np.allclose(times[:5], 0.4 * np.arange(5), atol=0.05)


def listening_peaks(flux, step):
    from lofi_tf.crossmodal.transcription import NoteSettings, onset_times

    return onset_times(flux, step, NoteSettings())


def test_bands_of_a_pitch_are_about_its_frequency():
    bands = inference.pitch_bands(CONVERTER)
    assert bands[57 - 12].tolist() == [47 - 24 - 24 + 24, 24, 25]  # A3 is an octave above 110 Hz
    assert (bands[0] == CONVERTER.num_bands).all()


def test_one_sample_is_one_frame_and_none_is_an_error():
    spectra, flux = joined([np.zeros([1, 2], np.float32)], 8000)
    assert spectra.shape == (1, CONVERTER.num_bands) and len(flux) == 4
    with pytest.raises(LofiError, match="no samples"):
        joined([], 8000)
