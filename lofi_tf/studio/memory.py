"""How much memory is in use, and what lets go of some."""

import contextlib
import ctypes
import gc

import psutil

from lofi_tf.rendering import soundfont

MOST_BYTES = 420 * 2**20  # from which on models are closed before another is opened


def used() -> int:
    """Returns the bytes of memory that this process has."""
    return psutil.Process().memory_info().rss


def let_go() -> None:
    """Gives back what nobody holds any more: the C library keeps it otherwise."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # of glibc alone
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def after_render() -> None:
    """Gives back what was read of SoundFonts."""
    soundfont.forget()
    let_go()
