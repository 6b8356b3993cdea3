"""The wheel holds the two packages and the configs, brings the commands, and works unpacked."""

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONFIGS = {str(path.relative_to(ROOT / "configs")) for path in (ROOT / "configs").glob("**/*.yaml")}
TRAIN, GENERATE = "lofi_tf.cli.train:main", "lofi_tf.cli.generate:main"
COMMANDS = {
    "convert_dir_to_note_sequences": "pipelines.convert_dir_to_note_sequences:main",
    "preprocess_tfrecord": "pipelines.preprocess_tfrecord:main",
    "prepare_audio": "pipelines.prepare_audio:main",
    "prepare_paired": "pipelines.prepare_paired:main",
    "lofi_train": TRAIN,
    "lofi_generate": GENERATE,
    "lofi_attributes": "lofi_tf.cli.attributes:main",
    "lofi_analyze": "lofi_tf.cli.analyze:main",
    "lofi_evaluate": "lofi_tf.cli.evaluate:main",
    "lofi_export": "lofi_tf.cli.export:main",
    "lofi_play": "lofi_tf.cli.play:main",
    "lofi_transcribe": "lofi_tf.cli.transcribe:main",
    "lofi_models": "lofi_tf.cli.models:main",
    "lofi_render": "lofi_tf.cli.render:main",
    "lofi_compose": "lofi_tf.cli.compose:main",
    "lofi_search": "lofi_tf.cli.search:main",
    "lofi_studio": "lofi_tf.cli.studio:main",
    "music_vae_train": TRAIN,
    "music_vae_generate": GENERATE,
}


EXPORT = [
    "saved_model.pb", "fingerprint.pb", "README.md", "loss.png", "variables/variables.index",
    "variables/variables.data-00000-of-00001", "assets.extra/config.yaml",
    "assets.extra/about.yaml", "assets.extra/tf_serving_warmup_requests",
]  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Builds the wheel from a copy of the sources, so that the checkout stays clean."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ["setup.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE"]:
        shutil.copy(ROOT / name, source)
    for name in ["lofi_tf", "pipelines", "configs", "saved_models", "tests"]:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in EXPORT:
        path = source / "saved_models" / "beats" / "1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"name: {name}")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(output), str(source)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (path,) = output.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_wheel_top_level_is_two_packages(names):
    packages = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"lofi_tf", "pipelines"}


def test_wheel_holds_every_module(names):
    sources = {
        path.relative_to(ROOT).as_posix()
        for package in ("lofi_tf", "pipelines")
        for path in (ROOT / package).rglob("*.py")
    }
    assert sources == {name for name in names if name.endswith(".py")}


def test_wheel_holds_the_judge_of_any_beat(names):
    assert "lofi_tf/generation/judge_of_any_beat.npz" in names


def test_wheel_holds_the_page_of_the_studio(names):
    page = ROOT / "lofi_tf" / "studio" / "page"
    files = {path.relative_to(ROOT).as_posix() for path in page.rglob("*") if path.is_file()}
    assert files <= set(names)
    assert "lofi_tf/studio/page/vendor/spessasynth/LICENSE" in files


def test_wheel_holds_every_config(names):
    assert CONFIGS
    assert CONFIGS == {
        name.removeprefix("lofi_tf/configs/")
        for name in names
        if name.endswith(".yaml") and not name.startswith("lofi_tf/saved_models/")
    }


def test_wheel_holds_every_file_of_every_model(names):
    held = {name for name in names if name.startswith("lofi_tf/saved_models/")}
    folder = ROOT / "saved_models"
    found = [folder / "README.md", *folder.glob("*/[0-9]*/**/*")]
    files = {path.relative_to(folder).as_posix() for path in found if path.is_file()}
    files |= {f"beats/1/{name}" for name in EXPORT}
    assert held == {f"lofi_tf/saved_models/{name}" for name in files}


def test_wheel_unpacked_finds_models_by_name(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "from lofi_tf.saving.hub import find_model; print(find_model('beats'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == tmp_path.resolve() / "lofi_tf/saved_models/beats/1"


def test_wheel_holds_licence_and_notice(names):
    held = {Path(name).name for name in names if ".dist-info/" in name}
    assert {"LICENSE", "NOTICE"} <= held


def test_wheel_commands(wheel, names):
    (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
    parser = configparser.ConfigParser(delimiters=["="])
    with zipfile.ZipFile(wheel) as archive:
        parser.read_string(archive.read(entry_points).decode())
    assert dict(parser["console_scripts"]) == COMMANDS


def test_wheel_unpacked_loads_every_config(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "import lofi_tf.config as c; print(c.__file__); "
        "print(*(c.load_config(name).name for name in c.config_names()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    file, loaded = done.stdout.splitlines()
    assert Path(file).is_relative_to(tmp_path.resolve())
    assert loaded.split() == sorted(Path(name).stem for name in CONFIGS if "/" not in name)
