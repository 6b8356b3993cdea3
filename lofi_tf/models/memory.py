"""An estimate of the memory that a training step takes, before anything is built."""

from lofi_tf.config import Config
from lofi_tf.models.kinds import RNN_ENCODERS

FLOAT_BYTES = 4
WEIGHT_COPIES = 5  # the weight, its gradient before and after clipping, Adam's two moments
# Of an example that a step keeps where no RNN runs over it as it is, layers and their gradients;
# bands also have spectra at several scales and the discriminator's layers.
CLIP_COPIES = {"multiband": 200}
OTHER_COPIES = 64
BASE_BYTES = 900 << 20  # TensorFlow itself, with its graphs


def training_bytes(config: Config, depths: dict[str, int]) -> int:
    """Returns the bytes that training the config takes, roughly.

    Weights of other networks than RNNs are not counted.

    Args:
        config: sizes and batch size.
        depths: of `inputs`, `targets` and `controls`.
    """
    examples = config.training.batch_size * _example_bytes(config, depths)
    return BASE_BYTES + _weight_bytes(config, depths) + examples


def largest_batch_size(config: Config, depths: dict[str, int], available_bytes: int) -> int:
    """Returns the largest batch size that fits the given bytes, a power of two; 0 if none does."""
    left = available_bytes - BASE_BYTES - _weight_bytes(config, depths)
    fits = max(0, left) // _example_bytes(config, depths)
    return 1 << (fits.bit_length() - 1) if fits else 0


def lstm_layers(config: Config, depths: dict[str, int]) -> list[tuple[int, int]]:
    """Returns the input size and the units of every LSTM layer, both directions counted."""
    model, controls = config.model, depths.get("controls", 0)
    if _encoder_of(config) not in RNN_ENCODERS:
        return []
    encoder = [depths["inputs"] + controls, *(2 * size for size in model.enc_rnn_size[:-1])]
    decoder = [depths["targets"] + model.z_size + controls, *model.dec_rnn_size[:-1]]
    return [
        *(pair for pair in zip(encoder, model.enc_rnn_size, strict=True) for _ in range(2)),
        *zip(decoder, model.dec_rnn_size, strict=True),
    ]


def _encoder_of(config: Config) -> str:
    return getattr(config.model, "encoder", {}).get("kind", "")


def _weight_bytes(config: Config, depths: dict[str, int]) -> int:
    layers, z_size = lstm_layers(config, depths), config.model.z_size
    lstm = sum(4 * units * (size + units + 1) for size, units in layers)
    dense = 2 * z_size * sum(units for _, units in layers)
    return WEIGHT_COPIES * FLOAT_BYTES * (lstm + dense)


def _example_bytes(config: Config, depths: dict[str, int]) -> int:
    """Each step keeps a layer's inputs twice, its gates three times and its states four times."""
    layers = lstm_layers(config, depths)
    floats = sum(2 * size + 16 * units for size, units in layers)
    if not layers:
        floats = CLIP_COPIES.get(_encoder_of(config), OTHER_COPIES) * depths["inputs"]
    return FLOAT_BYTES * config.model.max_seq_len * floats
