"""Maps of a latent, for the commands that write pages of them."""

import argparse
from pathlib import Path

from lofi_tf.cli.flags import is_verbose
from lofi_tf.errors import LofiError

POINTS = 400


def add_points(flag) -> None:
    """Adds the flag that says how many points a map has."""
    flag("--map_points", type=int, metavar="N", help=f"points of the map (default: {POINTS})")


def check_points(args: argparse.Namespace, needed: str) -> None:
    """Refuses a number of points that no map has, and one without a map.

    Args:
        args: of the command.
        needed: the flag that asks for a map.

    Raises:
        LofiError: what is allowed and what came.
    """
    points = args.map_points
    if points is None:
        return
    if getattr(args, needed) is None:
        raise LofiError(f"--map_points is of a map: give --{needed} too")
    from lofi_tf.html import map_plane

    map_plane.check_points(points)


def check_map(args: argparse.Namespace) -> None:
    """Refuses what `lofi_generate --map` cannot obey.

    Raises:
        LofiError: another mode than sample, inputs, or a length.
    """
    check_points(args, "map")
    if args.map is None:
        return
    inputs = [name for name, value in vars(args).items() if name.startswith("input_") and value]
    others = args.length_bars, args.num_outputs, args.best_of, args.png
    if args.mode != "sample" or inputs or any(others):
        raise LofiError(
            "--map writes one page of what the model itself draws: leave out --mode, inputs, "
            "--num_outputs, --length_bars, --best_of and --png"
        )


def open_mappable(name: str):
    """Returns the model of a map, before anything else is done.

    Raises:
        LofiError: no such model, or one that has no map.
    """
    from lofi_tf import quiet

    with quiet.imports():
        from lofi_tf.backends.open import open_backend
        from lofi_tf.html.latent_map import check_mappable
    backend = open_backend(name)
    check_mappable(backend.config)
    return backend


def drawn_map(args: argparse.Namespace, backend, how, chords: str | None = None) -> dict:
    """Returns the map of a model, with progress shown where `--log` lets it."""
    from lofi_tf.html.latent_map import latent_map

    show = is_verbose(getattr(args, "log", "INFO"))
    return latent_map(backend, args.map_points or POINTS, how, chords, show_progress=show)


def write_map(args: argparse.Namespace, backend, how, log, flags: str) -> None:
    """Writes the page that `lofi_generate --map` asks for."""
    from lofi_tf.html import map_page

    found = drawn_map(args, backend, how, args.chords)
    map_page(found, args.map, f"{backend.config.name}: a map of its music")
    size = Path(args.map).stat().st_size / 1e6
    log(f"Wrote {args.map}: {found['points']} points, {size:.1f} MB ({flags}).")
