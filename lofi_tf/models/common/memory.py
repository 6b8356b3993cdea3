"""An estimate of the memory that a training step takes, before anything is built."""

from lofi_tf.config import Config

FLOAT_BYTES = 4
WEIGHT_COPIES = 5  # the weight, its gradient before and after clipping, Adam's two moments
# Encoders whose sizes are options of their own.
CLIP_KINDS = (
    "conv",
    "conv2d",
    "conv_frames",
    "dense",
    "frame_lstm",
    "lapped_frames",
    "linear_frames",
    "multiband",
    "stacked",
)
CLIP_COPIES = 64  # of a clip that a step of these keeps: layers and their gradients
MULTIBAND_COPIES = 200  # with spectra at several scales and the discriminator's layers
BASE_BYTES = 900 << 20  # TensorFlow itself, with its graphs


def training_bytes(config: Config, depths: dict[str, int]) -> int:
    """Returns the bytes that training the config takes, roughly.

    The weights of clip networks are not counted.

    Args:
        config: sizes and batch size.
        depths: of `inputs`, `targets` and `controls`.
    """
    return (
        BASE_BYTES
        + _weight_bytes(config, depths)
        + (config.training.batch_size * _example_bytes(config, depths))
    )


def largest_batch_size(config: Config, depths: dict[str, int], available_bytes: int) -> int:
    """Returns the largest batch size that fits the given bytes, a power of two; 0 if none does."""
    left = available_bytes - BASE_BYTES - _weight_bytes(config, depths)
    fits = max(0, left) // _example_bytes(config, depths)
    return 1 << (fits.bit_length() - 1) if fits else 0


def lstm_layers(config: Config, depths: dict[str, int]) -> list[tuple[int, int]]:
    """Returns the input size and the units of every LSTM layer, both directions counted."""
    model, controls = config.model, depths.get("controls", 0)
    if model.encoder["kind"] in CLIP_KINDS:
        return []
    encoder = [depths["inputs"] + controls, *(2 * size for size in model.enc_rnn_size[:-1])]
    decoder = [depths["targets"] + model.z_size + controls, *model.dec_rnn_size[:-1]]
    return [
        *(pair for pair in zip(encoder, model.enc_rnn_size, strict=True) for _ in range(2)),
        *zip(decoder, model.dec_rnn_size, strict=True),
    ]


def _weight_bytes(config: Config, depths: dict[str, int]) -> int:
    model = config.model
    lstm = sum(4 * units * (size + units + 1) for size, units in lstm_layers(config, depths))
    dense = 2 * model.z_size * (2 * model.enc_rnn_size[-1] + sum(model.dec_rnn_size))
    return WEIGHT_COPIES * FLOAT_BYTES * (lstm + dense)


def _example_bytes(config: Config, depths: dict[str, int]) -> int:
    """Each step keeps a layer's inputs twice, its gates three times and its states four times."""
    if config.model.encoder["kind"] in CLIP_KINDS:
        copies = MULTIBAND_COPIES if config.model.encoder["kind"] == "multiband" else CLIP_COPIES
        return FLOAT_BYTES * copies * config.model.max_seq_len * depths["inputs"]
    steps = sum(2 * size + 16 * units for size, units in lstm_layers(config, depths))
    return FLOAT_BYTES * config.model.max_seq_len * steps
