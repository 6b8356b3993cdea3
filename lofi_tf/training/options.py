"""How a run goes, apart from what its config says."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """How a run goes, apart from what the config says.

    Attributes:
        num_steps: the step to end at.
        seed: of weights, order, dropout and latent samples.
        save_seconds: time between checkpoints.
        save_steps: steps between further checkpoints; none if 0.
        log_steps: steps between lines of `history.csv` and TensorBoard's scalars.
        eval_steps: steps between evaluations.
        eval_num_batches: batches of an evaluation; all if not given.
        picture_steps: steps between histograms and reconstructions; `eval_steps` if not given,
            never if 0.
        ckpt_path: checkpoint that a new run goes on from, with its step: a prefix, or a folder of
            checkpoints or of a run.
        warm_start: model whose weights a new run begins with, at step 0: see
            `warm_start.read_weights`.
        frozen: parts that are not trained, see `weight_names.freeze`; those of the run that goes
            on if not given.
        checkpoints_to_keep: latest checkpoints to keep.
        keep_checkpoint_every_n_hours: one checkpoint in so many hours is kept besides.
        show_progress: whether to draw a progress line on stderr.
        eval_dir: name of the run's folder for evaluations.
        patience: evaluations in turn, none better than the best, that end the run; it goes to
            `num_steps` whatever they find if 0.
    """

    num_steps: int = 200000
    seed: int = 0
    save_seconds: float = 60.0
    save_steps: int = 0
    log_steps: int = 100
    eval_steps: int = 500
    eval_num_batches: int | None = None
    picture_steps: int | None = None
    ckpt_path: str | None = None
    warm_start: str | None = None
    frozen: tuple[str, ...] | None = None
    checkpoints_to_keep: int = 100
    keep_checkpoint_every_n_hours: float = 1.0
    show_progress: bool = True
    eval_dir: str = "eval"
    patience: int = 0
