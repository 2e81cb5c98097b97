"""Models as PyTorch exports them, with requests and the answers that PyTorch gives.

torch_exports.py FOLDER: a folder NAME with model.onnx, x.npy, y.npy and cluster.yaml for each. Weights and
requests are drawn by a seed.
"""
import os
import sys

import numpy
import torch
from torch import nn

REQUESTS = 3


class Residual(nn.Module):
    """A sum of two ways."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer, self.head = nn.Linear(24, 40), nn.Linear(40, 24), nn.Linear(24, 7)

    def forward(self, x):
        return self.head(x + self.outer(torch.relu(self.inner(x))))


class NormalisedLstm(nn.Module):
    """An LSTM whose steps are normalised."""

    def __init__(self):
        super().__init__()
        self.lstm, self.norm, self.head = nn.LSTM(12, 32), nn.LayerNorm(32), nn.Linear(32, 5)

    def forward(self, x):
        return self.head(self.norm(self.lstm(x)[0]))


class Sequences(nn.Module):
    """A decoder that begins with the last state of an encoder."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder, self.head = nn.GRU(10, 24), nn.GRU(10, 24), nn.Linear(24, 6)

    def forward(self, x):
        _, state = self.encoder(x)
        return self.head(self.decoder(torch.flip(x, [0]), state)[0])


class Convolutions(nn.Module):
    """Dilated causal convolutions."""

    def __init__(self):
        super().__init__()
        self.near, self.far, self.head = nn.Conv1d(8, 16, 3), nn.Conv1d(16, 16, 3, dilation=2), nn.Linear(16, 4)

    def forward(self, x):
        x = torch.relu(self.near(nn.functional.pad(x, (2, 0))))
        x = torch.relu(self.far(nn.functional.pad(x, (4, 0))))
        return self.head(x.transpose(1, 2))


MODELS = {
    "mlp": (lambda: nn.Sequential(nn.Linear(20, 48), nn.ReLU(), nn.Linear(48, 32), nn.Tanh(), nn.Linear(32, 9)), (1, 20)),
    "residual": (Residual, (1, 24)),
    "lstm-layernorm": (NormalisedLstm, (9, 1, 12)),
    "seq2seq": (Sequences, (7, 1, 10)),
    "tcn": (Convolutions, (1, 8, 15)),
    # The layer's fast path for inference has no form in ONNX; without dropout, that for training computes the same.
    "encoder": (lambda: nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, activation="gelu"), (11, 1, 32)),
}

CLUSTER = """name: {name}
nodes: [{{name: host0, device: cpu}}]
model: {{onnx: model.onnx}}
placement: {{"*": cpu}}
workload: {{requests: {requests}, input: x.npy, golden: y.npy}}
"""


def main(folder):
    for number, (name, (make, shape)) in enumerate(MODELS.items()):
        torch.manual_seed(100 + number)
        model = make()
        path = os.path.join(folder, name)
        os.makedirs(path, exist_ok=True)
        requests = [torch.rand(shape) * 2 - 1 for _ in range(REQUESTS)]
        torch.onnx.export(model, (requests[0],), os.path.join(path, "model.onnx"), opset_version=14,
                          training=torch.onnx.TrainingMode.PRESERVE)
        with torch.no_grad():
            answers = [model(request) for request in requests]
        for file, arrays in (("x.npy", requests), ("y.npy", answers)):
            numpy.save(os.path.join(path, file), numpy.stack([array.numpy() for array in arrays]))
        with open(os.path.join(path, "cluster.yaml"), "w") as out:
            out.write(CLUSTER.format(name=name, requests=REQUESTS))


main(sys.argv[1])
