"""Tables of samples beside data, with a model whose latent is the music itself."""

import numpy as np
import pytest

from lofi_tf.data.storage.examples import Examples
from lofi_tf.evaluation.excerpts import drawn_outputs, of_examples
from lofi_tf.evaluation.reconstructing import views
from lofi_tf.evaluation.samples import sample_tables
from lofi_tf.generation.decoding import GenerationConfig
from lofi_tf.generation.sampling import sample
from tests.grooves import groove_examples
from tests.mirrors import line_of, melody, mirror

GROOVE = "groovae_2bar_humanize"


@pytest.fixture(scope="module")
def grooves() -> Examples:
    return groove_examples(mirror(GROOVE).config)


def playing(name: str, targets: np.ndarray):
    """A model that samples these targets, one after the other."""
    place = iter(range(10**6))

    def change(outputs, given):
        return np.stack([targets[next(place) % len(targets)] for _ in outputs])

    return mirror(name, change=change)


def targets_of(backend, examples) -> np.ndarray:
    return np.concatenate([view["targets"] for view in views(backend, examples)])


def by_row(table) -> dict[str, dict]:
    return {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_model_that_plays_the_training_music_is_found_out(grooves):
    half = np.arange(len(grooves)) % 2 == 0
    training, held_out = grooves.where(half), grooves.where(~half)
    backend = playing(GROOVE, targets_of(mirror(GROOVE), training))
    tables = sample_tables(backend, held_out, training, len(training), GenerationConfig())
    titles = [table.title for table in tables]
    assert titles[:3] == ["Samples and data", "Drums", "Nearest training examples"]
    features, near = by_row(tables[0]), by_row(tables[2])
    assert features["notes a bar"]["samples mean"] == pytest.approx(
        training.arrays["hits"].sum() / 2 / len(training)
    )
    for measure in ("overlap", "OA"):
        row = features["velocity"]
        assert row[measure] == pytest.approx(row[f"training {measure}"])
    assert near["hits: samples"]["copies"] == near["hits: samples"]["excerpts"]
    assert near["hits: samples"]["velocity difference"] == pytest.approx(0, abs=1e-4)
    assert near["hits: samples"]["farther"] < 0.5
    drums = by_row(tables[1])
    assert drums["all"]["samples hits a bar"] == pytest.approx(
        training.arrays["hits"].sum() / 2 / len(training)
    )
    copied = {row[1] for row in tables[3].rows}
    assert copied <= set(training.sources.tolist())


def test_melodies_have_pitch_classes_and_no_drums():
    from lofi_tf.data.storage.examples import examples_of_records

    piece = melody(*((2 * n, 2, 60 + n % 5) for n in range(32)))
    piece.filename = "a.mid"
    backend = mirror("cat-mel_2bar_big")
    examples = examples_of_records([piece.SerializeToString()], backend.config.data.converter)
    backend = playing("cat-mel_2bar_big", targets_of(backend, examples))
    tables = sample_tables(backend, examples, None, 4, GenerationConfig())
    assert [table.title for table in tables] == ["Samples and data", "Pitch classes"]
    shares = by_row(tables[1])
    assert sum(row["samples"] for row in shares.values()) == pytest.approx(1)
    assert shares["F"]["samples"] == 0


def test_no_samples_make_no_tables(grooves):
    assert sample_tables(mirror(GROOVE), grooves, grooves, 0, GenerationConfig()) == []


def test_excerpts_of_the_data_hold_its_notes(grooves):
    found = of_examples(mirror(GROOVE), grooves)
    assert len(found) == len(grooves) and found.num_bars == 2 * len(grooves)
    assert len(found.notes) == grooves.arrays["hits"].sum()


def test_controls_of_the_data_are_given_to_samples():
    log = []
    backend = mirror("groovae_2bar_hits_control_tfds", log=log)
    examples = groove_examples(backend.config)
    examples = examples.where(np.arange(len(examples)) < 3)
    list(drawn_outputs(backend, 5, GenerationConfig(), examples))
    controls = np.concatenate([given["controls"] for name, given in log if name == "decode"])
    hits = examples.arrays["hits"][[0, 1, 2, 0, 1]]
    assert controls.reshape(hits.shape) == pytest.approx(hits)


def test_samples_are_those_that_generation_draws():
    backend = mirror("cat-mel_2bar_big")
    how = GenerationConfig(seed=3)
    (outputs,) = drawn_outputs(backend, 2, how, Examples({}, np.array([], object)))
    converter = backend.converter
    expected = [line_of(piece) for piece in sample(backend, 4, how)[:2]]
    assert [line_of(converter.from_outputs(output)) for output in outputs] == expected
