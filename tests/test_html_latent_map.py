import json
from itertools import combinations

import numpy as np
import pytest

from lofi_tf import progress
from lofi_tf.backends.open import backend_of_model
from lofi_tf.config import load_config
from lofi_tf.errors import LofiError
from lofi_tf.generation import GenerationConfig, decode, prior, row_seeds
from lofi_tf.html import map_page
from lofi_tf.html.latent_map import check_mappable, latent_map, map_notes, mixed, mixes_of
from lofi_tf.models.common.slerp import slerp
from lofi_tf.music.sequence_proto import NoteSequence
from tests.grooves import scrambled_model
from tests.test_html_page import EVIL, Parsed

HOW = GenerationConfig(temperature=1.0, seed=5, qpm=90)


@pytest.fixture(scope="module")
def backend():
    return backend_of_model(*scrambled_model("groovae_2bar_humanize"))


@pytest.fixture(scope="module")
def found(backend):
    return latent_map(backend, 40, HOW, landmarks=4)


def test_all_is_there_and_fits_together(found):
    between = 6 * found["steps"] + len(found["triangles"]) * len(found["shares"])
    assert len(found["music"]) == len(found["xy"]) == 40 + between
    assert len(set(found["landmarks"])) == 4 and max(found["landmarks"]) < 40
    assert found["quarters"] == 8 and len(found["axes"]) == 2
    assert all(len(values) == 40 for values in found["colours"].values())
    assert all(own not in near and len(near) == 6 for own, near in enumerate(found["near"]))
    assert np.min(found["xy"]) == 0 and np.max(found["xy"]) == 1000


def test_points_walks_and_mixes_are_the_models_own(backend, found):
    z = prior(row_seeds(5, 40), backend.config.model.z_size)
    corners = z[found["landmarks"]]
    walk = slerp(corners[1], corners[3], np.float32([0.25])).numpy()  # its second step
    triangle = found["triangles"][-1]
    mix = mixed(corners[triangle], mixes_of()[-1:])
    pieces = decode(backend, np.concatenate([z[:2], walk, mix]), HOW,
                    seeds=np.repeat(row_seeds(5, 1), 4))  # fmt: skip
    pair = list(combinations(range(4), 2)).index((1, 3))
    places = [0, 1, 40 + 7 * pair + 1, -1]
    for piece, place in zip(pieces, places, strict=True):
        assert map_notes(piece, 90) == found["music"][place]
    assert found["music"][0]


def test_the_seed_decides(backend, found):
    assert latent_map(backend, 40, HOW, landmarks=4) == found
    other = latent_map(backend, 40, GenerationConfig(temperature=1.0, seed=6, qpm=90), landmarks=4)
    assert other["music"] != found["music"]


def test_progress_reaches_its_end(backend, monkeypatch, capsys):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    latent_map(backend, 30, HOW, landmarks=3, show_progress=True)
    shown = capsys.readouterr().err
    # The points; then three walks of seven steps and a triangle of ten mixes.
    assert "map: 100% 30/30" in shown and "map: 100% 31/31" in shown


def test_mixes_hold_all_corners_and_stay_as_long_as_they():
    shares = mixes_of(6)
    assert len({tuple(row) for row in shares.tolist()}) == 10
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert shares.min() == pytest.approx(1 / 6)
    corners = np.eye(3) * [[2.0], [4.0], [6.0]]
    np.testing.assert_allclose(mixed(corners, np.eye(3)), corners)
    assert np.linalg.norm(mixed(corners, np.full([1, 3], 1 / 3))) == pytest.approx(4)


def test_notes_become_whole_numbers():
    piece = NoteSequence()
    piece.notes.add(start_time=1.0, end_time=1.5, pitch=60, velocity=80)
    piece.notes.add(start_time=-0.01, end_time=0.1, pitch=36, velocity=99, is_drum=True)
    piece.notes.add(start_time=1.5, end_time=1.5, pitch=40, velocity=70, program=33)
    # At 120 beats to the minute a second is two quarters, 192 ticks.
    assert map_notes(piece, 120) == [0, 0, 164, 99, 192, 96, 60, 80, 96, 1, 296, 70]


def test_a_page_of_a_map_needs_nothing_from_outside(found, tmp_path):
    map_page(found | {"model": EVIL}, tmp_path / "a.html", EVIL)
    parsed = Parsed((tmp_path / "a.html").read_text())
    assert parsed.sources == [] and "b" not in parsed.tags
    data = json.loads(parsed.texts["script"][0])
    assert data == found | {"model": EVIL}


@pytest.mark.parametrize("name", ["groovae_2bar_hits_control_tfds", "cat-mel_2bar_med_chords"])
def test_what_a_model_takes_beside_its_latent(name):
    backend = backend_of_model(*scrambled_model(name))
    if "chords" in name:
        over, other = (latent_map(backend, 30, HOW, chords, 3) for chords in (None, "Am F C G"))
        assert over["music"] != other["music"]
    else:
        with pytest.raises(LofiError, match="has no map: its music is that of the hits"):
            latent_map(backend, 30, HOW)


def test_models_of_sound_have_no_map():
    with pytest.raises(LofiError, match="only models of notes"):
        check_mappable(load_config("crossmodal"))
