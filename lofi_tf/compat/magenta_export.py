"""From our models to TF1 checkpoints that Magenta 2.1.4 restores."""

import tarfile
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from lofi_tf.compat.magenta_checkpoint import magenta_weights
from lofi_tf.compat.magenta_like import Like, magenta_like
from lofi_tf.config import Config
from lofi_tf.errors import LofiError
from lofi_tf.models.vae import MusicVAE

STEP = "global_step"
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

    Its `music_vae_generate` knows the sizes of its own configs alone and has no flag for others,
    nor one for controls.
    """
    path = Path(folder) / f"{name}.tar"
    parse = f"configs.CONFIG_MAP['{like.name}'].hparams.parse('{like.hparams_text}')"
    lines = [f"Magenta takes it as its config {like.name}:"]
    if like.hparams:
        lines = [f"Magenta takes it as its config {like.name} with {like.hparams_text}:"]
    if like.control_size:
        lines += _with_controls(like, parse if like.hparams else None, path)
    elif like.hparams:
        lines += [
            "its music_vae_generate has no flag for these, so run it as",
            '  python -c "from magenta.models.music_vae import configs, music_vae_generate as g; '
            f'{parse}; g.console_entry_point()" --config={like.name} --checkpoint_file={path}',
        ]
    else:
        lines += [f"  music_vae_generate --config={like.name} --checkpoint_file={path}"]
    for option, (theirs, ours) in like.options.items():
        lines += [
            f"Magenta's {like.name} reads and writes music with {option}={theirs}, this model with "
            f"{option}={ours}"
        ]
    return lines


def _with_controls(like: Like, parse: str | None, path: Path) -> list[str]:
    return [
        f"its music_vae_generate gives no controls [{like.steps}, {like.control_size}], so in "
        "Python",
        "  from magenta.models.music_vae import TrainedModel, configs",
        *([f"  {parse}"] if parse else []),
        f"  model = TrainedModel(configs.CONFIG_MAP['{like.name}'], 4, '{path}')",
        f"  model.sample(4, {like.steps}, c_input=controls)",
    ]


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
