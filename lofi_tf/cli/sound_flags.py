"""Flags of commands that render music: what it is played with, and what is drawn of it."""

import argparse
from collections.abc import Callable
from pathlib import Path

from lofi_tf.cli.latent_map import add_points, check_points
from lofi_tf.errors import LofiError


def add_sound_flags(flag: Callable) -> None:
    """Adds the flags; `flag` is a parser's `add_argument`."""
    flag("--soundfont", help="an .sf2 or .sf3 file (default: the one that comes along)")
    flag("--drum_kit", metavar="FOLDER", help="drum hits named bd, sd, hh, oh, ... or by pitch")
    flag("--stems_dir", metavar="FOLDER", help="where each part goes as a WAV file of its own")
    flag(
        "--plugin",
        action="append",
        default=[],
        metavar="PLUGIN",
        help="an effect at the end of the chain: a .vst3 file or a name, such as "
        "Reverb:room_size=0.7,wet_level=0.2; several by several flags "
        "(needs pip install 'lofi_tf[plugins]')",
    )
    flag("--png", metavar="FILE", help="a picture of the notes, sections and sound")
    flag("--html", metavar="FILE", help="a page of its own with a player over the notes")
    flag("--map_model", metavar="NAME", help="a model whose latent the page lets one explore")
    add_points(flag)


def check_sound(args: argparse.Namespace, seed: int) -> None:
    """Refuses a SoundFont, a drum kit or a plugin that cannot be played, before anything heavy.

    Raises:
        LofiError: what is wrong with it.
    """
    from lofi_tf.rendering.plugins import check_plugins
    from lofi_tf.rendering.settings import RenderSettings

    if args.soundfont:
        from lofi_tf.rendering.soundfont import SoundFont

        SoundFont(args.soundfont)
    if args.drum_kit:
        from lofi_tf.rendering.drum_kit import Kit  # SciPy is slow to import

        Kit(args.drum_kit, RenderSettings().sample_rate, seed)
    check_plugins(args.plugin)


def check_pages(args: argparse.Namespace) -> None:
    """Refuses a picture or a page that could not be written, and a map without a page.

    Raises:
        LofiError: what is allowed and what came.
    """
    from lofi_tf.files import check_writable

    if args.map_model and not args.html:
        raise LofiError("--map_model is for the page: give --html=FILE too")
    check_points(args, "map_model")
    for name, endings in (("png", (".png",)), ("html", (".html", ".htm"))):
        path = getattr(args, name)
        if not path:
            continue
        if Path(path).suffix.lower() not in endings:
            allowed = " or ".join(endings)
            raise LofiError(f"--{name} is a file that ends in {allowed}. Received: {path!r}")
        check_writable(path)
