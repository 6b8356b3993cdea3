"""Training steps of groovae_4bar's model written in PyTorch with `nn.LSTM`, the usual way.

python in_torch.py STEPS BATCH_SIZE
"""

import sys

import torch
from on_demand import serve
from torch import nn
from torch.nn import functional

DEPTH, ENCODER, DECODER, Z, KEEP = 27, 512, 256, 256, 0.3


class GrooVAE(nn.Module):
    """A bidirectional encoder, a Gaussian latent, two LSTM layers that see z at each step."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(DEPTH, ENCODER, bidirectional=True)
        self.moments = nn.Linear(2 * ENCODER, 2 * Z)
        self.start = nn.Linear(Z, 4 * DECODER)
        self.decoder = nn.LSTM(DEPTH + Z, DECODER, num_layers=2, dropout=1.0 - KEEP)
        self.out = nn.Linear(DECODER, DEPTH)

    def forward(self, sequences):
        """Returns the loss of sequences [T, B, D]."""
        _, (last, _) = self.encoder(functional.dropout(sequences, 1.0 - KEEP))
        mean, scale = self.moments(torch.cat([last[0], last[1]], -1)).chunk(2, -1)
        scale = functional.softplus(scale)
        z = mean + scale * torch.randn_like(scale)
        divergence = 0.5 * (mean**2 + scale**2 - 1.0 - 2.0 * torch.log(scale)).sum(-1)
        c0, h0, c1, h1 = torch.tanh(self.start(z)).chunk(4, -1)
        previous = functional.pad(sequences[:-1], (0, 0, 0, 0, 1, 0))
        fed = torch.cat([previous, z.expand(len(sequences), -1, -1)], -1)
        outputs, _ = self.decoder(
            functional.dropout(fed, 1.0 - KEEP), (torch.stack([h0, h1]), torch.stack([c0, c1]))
        )
        hits, velocities, offsets = self.out(outputs).chunk(3, -1)
        true = sequences.chunk(3, -1)
        losses = (
            functional.binary_cross_entropy_with_logits(hits, true[0], reduction="none")
            + (torch.sigmoid(velocities) - true[1]) ** 2
            + (torch.tanh(offsets) - true[2]) ** 2
        )
        free = 48 * 0.6931471805599453
        return losses.sum((0, 2)).mean() + 0.2 * torch.clamp(divergence - free, min=0.0).mean()


def build():
    """Builds the model and its optimiser, its inputs random bits in memory."""
    torch.manual_seed(0)
    steps, batch_size = int(sys.argv[1]), int(sys.argv[2])
    model = GrooVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    sequences = torch.randint(0, 2, (steps, batch_size, DEPTH)).float()

    def step():
        optimizer.zero_grad()
        loss = model(sequences)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


if __name__ == "__main__":
    serve(build)
