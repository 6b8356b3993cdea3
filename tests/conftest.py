"""What every test shares."""

from lofi_tf import quiet

quiet.silence_tensorflow()
