"""Models are found by name, in the order that the documentation says."""

import os

import pytest

from lofi_tf.errors import LofiError
from lofi_tf.saving import hub
from lofi_tf.saving.hub import find_model, named_models


def put_export(folder, name, version=1):
    export = folder / name / str(version)
    (export / "assets.extra").mkdir(parents=True)
    (export / "saved_model.pb").touch()
    (export / "assets.extra" / "config.yaml").write_text(f"name: {name}\n")
    return export


@pytest.fixture
def shelves(tmp_path, monkeypatch):
    """Two folders of `LOFI_TF_MODELS`, the shipped one, and an empty one to stand in."""
    folders = [tmp_path / name for name in ("first", "second", "shipped", "here/deep")]
    for folder in folders:
        folder.mkdir(parents=True)
    monkeypatch.setenv("LOFI_TF_MODELS", os.pathsep.join(map(str, folders[:2])))
    monkeypatch.setattr(hub, "saved_models_dir", lambda: folders[2])
    monkeypatch.chdir(folders[3])
    return folders


def test_the_first_place_that_has_the_name_wins(shelves):
    for shelf in reversed(shelves[:3]):
        export = put_export(shelf, "beats")
        assert find_model("beats") == named_models()["beats"] == export


def test_a_folder_wins_over_a_name(shelves):
    put_export(shelves[0], "beats")
    (shelves[3] / "beats").mkdir()
    assert find_model("beats").resolve() == shelves[3] / "beats"


def test_a_file_does_not(shelves):
    export = put_export(shelves[2], "beats")
    (shelves[3] / "beats").touch()
    assert find_model("beats") == export


def test_the_latest_version_is_taken_unless_one_is_named(shelves):
    exports = [put_export(shelves[2], "beats", version) for version in (2, 10)]
    assert find_model("beats") == exports[1]
    assert find_model("beats/2") == exports[0]


def test_addresses_are_no_names():
    assert find_model("http://host:8501/v1/models/beats") == "http://host:8501/v1/models/beats"


@pytest.mark.parametrize("name", ["groovae_4bars", "../second/groovae_4bar", "/groovae_4bar"])
def test_what_is_not_there_is_one_line_with_the_nearest(name, shelves):
    put_export(shelves[1], "groovae_4bar")
    with pytest.raises(LofiError, match="Did you mean 'groovae_4bar'.*lofi_models") as error:
        find_model(name)
    assert "\n" not in str(error.value)


def test_unversioned_folders_and_stray_files_are_no_models(shelves):
    (shelves[2] / "README.md").touch()
    (shelves[2] / "notes").mkdir()
    assert named_models() == {}
