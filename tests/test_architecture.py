"""docs/architecture.md against the code: its picture of the rooms, its paths, its pages."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.test_packaging import COMMANDS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
TOP = "lofi_tf|pipelines|configs|tests|docs|saved_models|benchmarks|demo"
PATHS = re.findall(rf"`((?:{TOP})/[^`]*)`", PAGE)
MOST_LOOSE = 7  # modules in lofi_tf/ itself, its __init__ aside


def picture():
    """The rooms of the picture: the number of its line by room, the lowest 0."""
    lines = re.search(r"```rooms\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()
    return {room: number for number, line in enumerate(reversed(lines)) for room in line.split()}


@cache
def modules():
    """The path of each module by its dotted name."""
    paths = [*(ROOT / "lofi_tf").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py")]
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return dict(zip((name.removesuffix(".__init__") for name in names), paths, strict=True))


def room_of(module):
    """The room of a module, as the picture writes it; all of pipelines is one."""
    inside = module.split(".")[: None if modules()[module].name == "__init__.py" else -1]
    return "/".join(inside[1:]) or inside[0]


def imported(node):
    """Yields the modules that a tree imports, at its top or in a function; not for types alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            inner = {f"{child.module}.{alias.name}" for alias in child.names}
            yield from inner & set(modules()) or {child.module}
        yield from imported(child)


@cache
def imports():
    """The modules that each module imports."""
    return {
        name: {other for other in imported(ast.parse(path.read_text())) if other in modules()}
        for name, path in modules().items()
    }


def circle_in(graph):
    """A circle of a graph, as the names on the way; empty where there is none."""
    done = set()

    def walk(node, way):
        if node in way:
            return [*way[way.index(node) :], node]
        for other in sorted(graph.get(node, ())) if node not in done else ():
            if found := walk(other, [*way, node]):
                return found
        done.add(node)
        return []

    return next(filter(None, (walk(node, []) for node in sorted(graph))), [])


def test_a_circle_is_found_and_a_chain_is_none():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}}) == []


def test_modules_import_each_other_in_no_circle():
    assert circle_in(imports()) == []


def test_the_picture_has_every_room_once():
    assert sorted(re.search(r"```rooms\n(.*?)```", PAGE, re.DOTALL)[1].split()) == sorted(
        set(map(room_of, modules()))
    )


def test_imports_go_down_the_picture_or_stay_in_their_room():
    level = picture()
    upwards = [
        f"{name} imports {other}"
        for name, others in imports().items()
        for other in others
        if room_of(name) != room_of(other) and level[room_of(name)] <= level[room_of(other)]
    ]
    assert upwards == []


def test_rooms_of_which_the_page_says_so_import_no_tensorflow():
    rooms = re.findall(r"`([\w/]+)`", re.search(r"stroke\.(.*?)import neither", PAGE, re.DOTALL)[1])
    heavy = re.compile(r"^\s*(?:import|from) (?:tensorflow|keras)", re.MULTILINE)
    assert len(rooms) == 6 and set(rooms) <= set(picture())
    assert [
        n for n, p in modules().items() if room_of(n) in rooms and heavy.search(p.read_text())
    ] == []


def test_few_modules_lie_loose():
    loose = [path for path in (ROOT / "lofi_tf").glob("*.py") if path.name != "__init__.py"]
    assert len(loose) <= MOST_LOOSE


@pytest.mark.parametrize("path", sorted(set(PATHS)))
def test_paths_of_the_page_are_there(path):
    assert (ROOT / path).exists()


def test_the_page_leads_to_files_and_to_every_room():
    named = {path.removeprefix("lofi_tf/") for path in PATHS if path.endswith(".py")}
    rooms = {str(Path(path).parent) for path in named} | {"lofi_tf"}
    assert len(named) > 80 and set(picture()) - {"data"} <= rooms | {"pipelines"}


@pytest.mark.parametrize("name", [name for name in COMMANDS if not name.startswith("music_vae")])
def test_every_command_has_a_page_that_the_readme_leads_to(name):
    assert (ROOT / "docs" / f"{name}.md").is_file()
    assert f"docs/{name}.md" in (ROOT / "README.md").read_text(encoding="utf-8")
