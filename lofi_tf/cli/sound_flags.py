"""Flags of commands that render music: what it is played with, and what is drawn of it."""

from collections.abc import Callable

from lofi_tf.cli.latent_map import add_points


def add_sound_flags(flag: Callable) -> None:
    """Adds the flags; `flag` is a parser's `add_argument`."""
    flag("--soundfont", help="an .sf2 or .sf3 file (default: the pretty_midi package's)")
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
