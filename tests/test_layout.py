"""Tests are named for what they test, and every public method is told, where it is or above."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import lofi_tf

ROOT = Path(__file__).parent.parent
# Of no one module: what is installed, corpora, pages in a browser, one command after another.
JOURNEYS = {
    "architecture",
    "converters_parity",
    "api_examples",
    "html_browser",
    "html_scripts",
    "layout",
    "magenta_parity",
    "packaging",
    "quiet_imports",
    "recipes",
}
JOURNEYS |= {"api_models", "models_conformance", "sound_runs", "toy_kind"}
JOURNEYS |= {"studio_page", "studio_roll", "studio_scripts", "studio_sound", "studio_sound_browser"}
JOURNEYS |= {"studio_openapi"}


def subjects():
    """The path of each room and module, in its parts: ("data", "converters", "groove")."""
    for package, base in ((ROOT / "lofi_tf", ROOT / "lofi_tf"), (ROOT / "pipelines", ROOT)):
        for path in package.rglob("*.py"):
            *rooms, module = path.relative_to(base).with_suffix("").parts
            yield rooms if module == "__init__" else [*rooms, module]


def names_of(parts):
    """The names for a subject: rooms above it may be left out, itself may not."""
    names = set(parts[-1:])
    for room in reversed(parts[:-1]):
        names |= {f"{room}_{name}" for name in names}
    return names


def test_files_are_named_for_a_room_or_a_module():
    known = JOURNEYS.union(*map(names_of, subjects()))
    files = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert files - known == set()


def modules():
    """The names of the library's modules."""
    return [found.name for found in pkgutil.walk_packages(lofi_tf.__path__, "lofi_tf.")]


@pytest.mark.parametrize("name", modules())
def test_public_methods_are_told_where_they_are_or_where_they_override(name):
    module = importlib.import_module(name)
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if kind.__module__ != name or kind.__name__.startswith("_"):
            continue
        for method, value in vars(kind).items():
            if method.startswith("_") or not inspect.isroutine(value) | isinstance(value, property):
                continue
            told = inspect.getdoc(getattr(kind, method))
            said = [inspect.getdoc(base) or "" for base in kind.__mro__]  # attributes, by name
            assert told or any(method in text for text in said), f"{kind.__name__}.{method}"
