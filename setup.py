"""Packaging: what is installed, which versions it needs, which commands it brings."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "lofi_tf/__init__.py").read_text())[1]

TRAIN = "lofi_tf.cli.train:main"
GENERATE = "lofi_tf.cli.generate:main"
EXPORT = "lofi_tf.cli.export:main"
COMMANDS = {
    "convert_dir_to_note_sequences": "pipelines.convert_dir_to_note_sequences:main",
    "preprocess_tfrecord": "pipelines.preprocess_tfrecord:main",
    "prepare_audio": "pipelines.prepare_audio:main",
    "prepare_paired": "pipelines.prepare_paired:main",
    "lofi_train": TRAIN,
    "lofi_generate": GENERATE,
    "lofi_export": EXPORT,
    "lofi_search": "lofi_tf.cli.search:main",
    "lofi_attributes": "lofi_tf.cli.attributes:main",
    "lofi_evaluate": "lofi_tf.cli.evaluate:main",
    "lofi_analyze": "lofi_tf.cli.analyze:main",
    "lofi_play": "lofi_tf.cli.play:main",
    "lofi_transcribe": "lofi_tf.cli.transcribe:main",
    "lofi_models": "lofi_tf.cli.models:main",
    "lofi_render": "lofi_tf.cli.render:main",
    "lofi_compose": "lofi_tf.cli.compose:main",
    "lofi_studio": "lofi_tf.cli.studio:main",
    # Magenta's names, so that its users' scripts run unchanged.
    "music_vae_train": TRAIN,
    "music_vae_generate": GENERATE,
}

setup(
    name="lofi_tf",
    version=VERSION,
    description="Variational autoencoders for music on TensorFlow and Keras 3",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "NOTICE"],
    python_requires=">=3.10,<3.14",
    packages=[
        *find_packages(include=["lofi_tf", "lofi_tf.*", "pipelines", "pipelines.*"]),
        "lofi_tf.configs",
        "lofi_tf.saved_models",
    ],
    package_dir={"lofi_tf.configs": "configs", "lofi_tf.saved_models": "saved_models"},
    package_data={
        "lofi_tf.generation": ["*.npz"],
        "lofi_tf.html": ["*.html", "*.js"],
        "lofi_tf.studio": ["page/**"],
        "lofi_tf.rendering": ["general_midi.*"],
        "lofi_tf.configs": ["*.yaml", "compose/*.yaml", "render/*.yaml", "spaces/*.yaml"],
        "lofi_tf.saved_models": ["README.md", "*/[0-9]*/**"],  # exports, not how they were made
    },
    install_requires=[
        "ai-edge-litert>=2.0",
        "apache-beam>=2.70",
        # note-seq imports pydub, which needs the module that Python 3.13 dropped.
        "audioop-lts>=0.2.1; python_version >= '3.13'",
        "fastapi>=0.115",
        "google-crc32c>=1.7",
        "grpcio>=1.60",
        "keras>=3.10",
        "librosa>=0.11",
        "matplotlib>=3.9",
        "note-seq>=0.0.5",
        "numpy>=2.0",
        "optuna>=4.2",
        "pretty_midi>=0.2.10",
        "psutil>=5.9",
        "pydantic>=2.9",
        "pyyaml>=6.0",
        "requests>=2.31",
        "scikit-learn>=1.4",
        "scipy>=1.13",
        "soundfile>=0.12",
        "soxr>=0.5",
        "tensorboard>=2.20",
        "tensorflow>=2.20",
        "tensorflow-probability>=0.25",
        "tensorflow-serving-api>=2.18",
        "tf-keras>=2.20",
        "tqdm>=4.66",
        "uvicorn>=0.30",
    ],
    extras_require={
        "dask": ["apache-beam[dask]>=2.70"],
        "dev": [
            *("mir_eval>=0.8", "mypy>=1.18", "pedalboard>=0.9", "pytest>=8", "pytest-xdist>=3.6"),
            *("ruff>=0.8", "setuptools>=77", "types-PyYAML>=6.0"),
            *("ipykernel>=6.29", "nbclient>=0.10"),
            *("axe-playwright-python>=0.1.4", "playwright>=1.48"),
        ],
        "plugins": ["pedalboard>=0.9"],  # GPL-3.0
    },
    entry_points={"console_scripts": [f"{name}={main}" for name, main in COMMANDS.items()]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Multimedia :: Sound/Audio :: MIDI",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
