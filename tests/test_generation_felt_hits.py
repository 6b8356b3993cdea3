"""Where hits go: closed forms, in steps of a second."""

import numpy as np
import pytest

from lofi_tf.generation.felt_hits import Hits, Played, moved
from lofi_tf.music.drum_classes import REDUCED, class_table
from lofi_tf.music.metrics import swing
from lofi_tf.music.quantize import Grid
from tests.mirrors import CLOSED, KICK, SNARE, drums

GRID = Grid(15.0, 4)  # a step a second
NONE: frozenset[str] = frozenset()
CLAP = 39
NO_DRUM = 1  # a pitch of no class


def hits_of(*hits) -> Hits:
    return Hits.of(drums(*hits, qpm=15.0).notes, class_table(REDUCED), GRID)


def played(*cells, steps=32) -> Played:
    """What a model plays: (step, drum, velocity, steps late)."""
    found = Played(np.full([steps, 9], np.nan), np.full([steps, 9], np.nan))
    for step, drum, velocity, late in cells:
        found.velocities[step, drum], found.late[step, drum] = velocity, late
    return found


@pytest.mark.parametrize(
    ("amount", "late", "velocity"), [(0, 0.1, 80), (0.5, 0.15, 70), (1, 0.2, 60), (1.5, 0.25, 50)]
)
def test_hits_go_towards_the_models_by_the_amount(amount, late, velocity):
    hits = hits_of((4, KICK, 80, 0.1))
    shifts, velocities = moved(hits, played((4, 0, 60, 0.2)), GRID, amount, NONE)
    assert hits.starts + shifts == pytest.approx([4 + late])
    assert velocities.tolist() == [velocity]


def test_flams_and_layers_change_as_the_hit_of_their_step():
    hits = hits_of((4, SNARE, 30, -0.2), (4, SNARE, 100), (4, CLAP, 50), (4, NO_DRUM, 50, 0.1))
    shifts, velocities = moved(hits, played((4, 1, 80, 0.25)), GRID, 1.0, NONE)
    assert shifts == pytest.approx([0.25] * 4)
    assert velocities.tolist() == [24, 80, 40, 40]  # four fifths


def test_what_the_grid_cannot_hold_moves_between_its_neighbours():
    hits = hits_of((4, CLOSED, 80), (4.5, CLOSED, 80), (4 + 1 / 3, CLOSED, 80), (5, CLOSED, 80))
    model = played((4, 2, 40, 0.2), (5, 2, 80, -0.1))
    shifts, velocities = moved(hits, model, GRID, 1.0, NONE)
    assert shifts == pytest.approx([0.2, 0.05, 0.1, -0.1])
    assert velocities.tolist() == [40, 60, 53, 80]


def test_a_roll_alone_stays_as_it_is():
    hits = hits_of((4.5, SNARE, 80), (5.5, SNARE, 70))
    shifts, velocities = moved(hits, played((5, 1, 10, 0.4), (6, 1, 10, 0.4)), GRID, 1.0, NONE)
    assert not shifts.any()
    assert velocities.tolist() == [80, 70]


def shuffled() -> tuple[Hits, Played]:
    """Sixteenths that swing by 0.2 of a step, and a model that drags and swings by 0.1."""
    rng = np.random.default_rng(0)
    hits = hits_of(*((step, CLOSED, 90 - 30 * (step % 2), 0.2 * (step % 2)) for step in range(32)))
    late = 0.05 + 0.1 * (np.arange(32) % 2) + rng.normal(0, 0.02, 32)
    loud = rng.integers(30, 110, 32)
    return hits, played(*((step, 2, loud[step], late[step]) for step in range(32)))


def piece_of(hits: Hits, shifts) -> object:
    late = hits.starts + shifts - hits.steps
    return drums(
        *((int(s), CLOSED, 90, at) for s, at in zip(hits.steps, late, strict=True)), qpm=15.0
    )


def test_swing_that_is_kept_is_the_files_and_the_looseness_the_models():
    hits, model = shuffled()
    shifts, _ = moved(hits, model, GRID, 1.0, frozenset({"swing"}))
    assert swing(piece_of(hits, shifts)) == pytest.approx(0.4 / 3)  # two of three by 0.2
    for place in range(4):
        late = (hits.late + shifts)[place::4]
        loose = model.late[place::4, 2]
        assert late - late.mean() == pytest.approx(loose - loose.mean())
    shifts, _ = moved(hits, model, GRID, 1.0, NONE)
    assert hits.late + shifts == pytest.approx(model.late[:, 2])


def test_accents_that_are_kept_have_the_files_mean_spread_and_pattern():
    hits, model = shuffled()
    _, velocities = moved(hits, model, GRID, 1.0, frozenset({"accents"}))
    assert velocities.mean() == pytest.approx(75, abs=0.3)
    assert velocities.std() == pytest.approx(15, abs=0.3)
    assert np.corrcoef(velocities, hits.velocities)[0, 1] > 0.85  # 1 / sqrt(1 + 1/4) is 0.89
    assert len(set(velocities.tolist())) > 8
    own = np.corrcoef(velocities - hits.velocities, model.velocities[:, 2])[0, 1]
    assert own > 0.7
    _, velocities = moved(hits, model, GRID, 1.0, NONE)
    assert velocities.tolist() == model.velocities[:, 2].astype(int).tolist()
