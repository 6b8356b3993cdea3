"""From our models to TF1 checkpoints that Magenta 2.1.4 restores."""

import shlex
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from lofi_tf.config import Config
from lofi_tf.errors import LofiError
from lofi_tf.interop.magenta_checkpoint import magenta_weights
from lofi_tf.interop.magenta_like import Like, magenta_like
from lofi_tf.models.sequence.vae import MusicVAE

STEP = "global_step"
_START = "music_vae_generate.console_entry_point()"
ENDINGS = (".ckpt.data-00000-of-00001", ".ckpt.index", ".tar")


def export_for_magenta(
    model: MusicVAE, config: Config, folder: str | Path, name: str, step: int = 0
) -> Like:
    """Writes a model as a checkpoint of Magenta's, once by its prefix and once as a `.tar`.

    `<name>.ckpt.index` and `<name>.ckpt.data-00000-of-00001` hold the variables by Magenta's names
    and `global_step`; no state of an optimiser. `<name>.tar` holds these two files, as those that
    Magenta published do. All are written beside and renamed.

    Args:
        model: the model.
        config: its config.
        folder: where to; made if need be.
        name: of the files.
        step: `global_step`, the steps that the model was trained for.

    Returns:
        What of Magenta's takes it.

    Raises:
        LofiError: Magenta has no config like this one, a name that leads elsewhere, or files of
            that name are there already.
    """
    like = magenta_like(config)
    folder = Path(folder)
    check_free(folder, name)
    values = {**magenta_weights(model), STEP: np.int64(step)}
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=folder) as beside:
        prefix = Path(beside) / f"{name}.ckpt"
        _save(prefix, values)
        _pack(prefix, Path(beside) / f"{name}.tar")
        for ending in ENDINGS:
            (Path(beside) / f"{name}{ending}").rename(folder / f"{name}{ending}")
    return like


def check_free(folder: str | Path, name: str) -> None:
    """Refuses a name that is no file's, or one that is taken.

    Raises:
        LofiError: either.
    """
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        raise LofiError(f"--name must be the name of a file, no path. Received: {name!r}")
    for ending in ENDINGS:
        path = Path(folder) / f"{name}{ending}"
        if path.exists():
            raise LofiError(f"{path} is there already: give another --name or --output_dir")


def how_to_load(like: Like, folder: str | Path, name: str) -> list[str]:
    """Returns lines that say how Magenta takes an export.

    Its `music_vae_generate` knows its own configs alone and has no flag for other sizes, for
    converters or for controls: its configs are changed in Python before it starts.
    """
    path = Path(folder) / f"{name}.tar"
    changed = f" with {like.hparams_text}" if like.hparams else ""
    changed += " and a converter of its own" if like.converter else ""
    title = f"Magenta takes it as its config {like.name}{changed}"
    flags = f"--config={like.name} --checkpoint_file={shlex.quote(str(path))}"
    if like.control_size:
        return [
            f"{title}; its music_vae_generate gives no controls, so in Python:",
            *(f"  {line}" for line in _registration(like, "TrainedModel")),
            f"  model = TrainedModel({_entry(like)}, 4, {str(path)!r})",
            f"  model.sample(4, {like.steps}, c_input=controls)  # [{like.steps}, "
            f"{like.control_size}]",
        ]
    if not changed:
        return [f"{title}:", f"  music_vae_generate {flags}"]
    code = "; ".join([*_registration(like, "music_vae_generate"), _START])
    return [f"{title}:", f'  python -c "{code}" {flags}']


def _registration(like: Like, what: str) -> list[str]:
    """Returns Python that imports something of Magenta's and changes its config."""
    more, lines = ("data, data_hierarchical, " if like.converter else ""), []
    if like.converter:
        lines += ["import note_seq"]
    lines += [f"from magenta.models.music_vae import configs, {more}{what}"]
    if like.converter:
        lines += [f"{_entry(like)} = {_entry(like)}._replace(data_converter={like.converter})"]
    if like.hparams:
        lines += [f"{_entry(like)}.hparams.parse('{like.hparams_text}')"]
    return lines


def _entry(like: Like) -> str:
    return f"configs.CONFIG_MAP['{like.name}']"


def _save(prefix: Path, values: dict[str, np.ndarray]) -> None:
    names = sorted(values)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(values[name]) for name in names],
    )


def _pack(prefix: Path, target: Path) -> None:
    """Writes a checkpoint's files into a `.tar`, without their owner's name."""

    def nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(target, "w") as tar:
        for path in sorted(prefix.parent.iterdir()):
            if path != target:
                tar.add(path, path.name, filter=nobodys)
