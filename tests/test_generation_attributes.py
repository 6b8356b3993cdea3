import numpy as np
import pytest

from lofi_tf.config import load_config
from lofi_tf.data.storage.examples import examples_of_records
from lofi_tf.errors import LofiError
from lofi_tf.generation import vary
from lofi_tf.generation.attributes import (
    attribute,
    attributes_of,
    check_measurable,
    load_vectors,
    save_attributes,
)
from lofi_tf.music import metrics
from tests.grooves import groove_records
from tests.mirrors import KICK, drums, mirror

PLAIN = ("groovae_4bar", "converter.split_bars=2,max_seq_len=32")


def test_attribute_is_top_quartile_less_bottom_quartile():
    z = np.array([[0, 0], [2, 0], [5, 5], [6, 6], [7, 7], [8, 8], [10, 4], [12, 4]], float)
    found = attribute(z, np.array([1, 1, 3, 4, 5, 6, 9, 11], float))
    np.testing.assert_allclose(found.vector, [11 - 1, 4 - 0])
    assert (found.low, found.high, found.num_examples) == (1.0, 10.0, 8)


def test_values_that_are_no_number_do_not_count_and_equal_ones_are_no_attribute():
    z = np.arange(8.0)[:, None]
    values = np.array([np.nan, 1, 1, 2, 2, 3, 3, np.nan])
    assert attribute(z, values).num_examples == 6
    assert attribute(z, np.ones(8)) is None
    assert attribute(z, np.full(8, np.nan)) is None


@pytest.fixture(scope="module")
def grooves():
    backend = mirror(*PLAIN)
    settings = {**backend.config.data.converter, "mode": "eval"}
    return backend, examples_of_records(groove_records(), settings)


def test_vectors_raise_and_lower_their_attribute(grooves, tmp_path):
    backend, examples = grooves
    found = attributes_of(backend, examples)
    assert found.keys() == metrics.METRICS.keys()
    assert all(one.low < one.high for one in found.values())
    path = tmp_path / "a" / "attributes.npz"
    save_attributes(found, path, backend.config.name)
    vectors = load_vectors(path, backend)
    beat = drums(*((2 * step, KICK, 60) for step in range(16)))

    def after(value):
        (piece,) = vary(backend, beat, attributes={"velocity": value}, vectors=vectors)
        return metrics.velocity(piece)

    assert after(-0.5) < after(0.0) < after(0.5)


def test_files_of_other_models_and_none_are_refused(grooves, tmp_path):
    backend, examples = grooves
    with pytest.raises(LofiError, match="lofi_attributes"):
        load_vectors(tmp_path / "none.npz", backend)
    path = tmp_path / "attributes.npz"
    save_attributes(attributes_of(backend, examples), path, "x")
    with pytest.raises(LofiError, match="another latent"):
        load_vectors(path, mirror("groovae_4bar"))
    path.write_bytes(b"x")
    with pytest.raises(LofiError, match="no file of attribute"):
        load_vectors(path, backend)
    with pytest.raises(LofiError, match="8 examples"):
        attributes_of(backend, examples.where(np.arange(len(examples)) < 3))


@pytest.mark.parametrize(
    ("name", "whose"), [("lofai_dense", "a model of sound$"), ("crossmodal", "sound and notes$")]
)
def test_models_that_have_no_metrics_are_refused(name, whose):
    check_measurable(load_config("groovae_4bar"))
    with pytest.raises(LofiError, match=f"only models of notes .* Received: {name}, .*{whose}"):
        check_measurable(load_config(name))
