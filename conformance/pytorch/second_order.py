"""Hessian-vector products and Hessians of small networks, by torch.autograd.functional.

Parameters are one vector in chainrule's order: weights [inputs, outputs] row by row, bias, then what the activation
learns, then the next layer. Of the symmetric Hessian the rows from the diagonal on are written.
"""

import sys
from pathlib import Path

import torch
from torch.autograd.functional import hessian, hvp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import number, numbers, tensor, write

SAMPLES, INPUTS, HIDDEN, OUTPUTS = 5, 2, 3, 2

# Name and settings in chainrule, the function of PyTorch, and how many parameters it has.
ACTIVATIONS = [
    ("sigmoid", lambda z, _: torch.sigmoid(z), 0),
    ("tanh", lambda z, _: torch.tanh(z), 0),
    ("relu", lambda z, _: torch.relu(z), 0),
    ("leaky_relu(slope=0.1)", lambda z, _: torch.nn.functional.leaky_relu(z, 0.1), 0),
    ("prelu", lambda z, slope: torch.nn.functional.prelu(z, slope), 1),
    ("prelu(per_channel=true)", lambda z, slope: torch.nn.functional.prelu(z, slope), HIDDEN),
    ("elu(alpha=0.7)", lambda z, _: torch.nn.functional.elu(z, 0.7), 0),
    ("softmax", lambda z, _: torch.softmax(z, -1), 0),
    ("log_softmax", lambda z, _: torch.log_softmax(z, -1), 0),
]

LOSSES = [
    ("mse", torch.nn.functional.mse_loss, "values"),
    ("cross_entropy", torch.nn.functional.cross_entropy, "classes"),
    ("cross_entropy", torch.nn.functional.cross_entropy, "probabilities"),
    ("binary_cross_entropy", torch.nn.functional.binary_cross_entropy_with_logits, "labels"),
]


def network(flat, x, activation, learned):
    lengths = [INPUTS * HIDDEN, HIDDEN, learned, HIDDEN * OUTPUTS, OUTPUTS]
    w1, b1, slope, w2, b2 = torch.split(flat, lengths)
    hidden = activation(x @ w1.reshape(INPUTS, HIDDEN) + b1, slope)
    return hidden @ w2.reshape(HIDDEN, OUTPUTS) + b2


def target(kind, generator):
    shape = (SAMPLES, OUTPUTS)
    if kind == "classes":
        return torch.randint(OUTPUTS, (SAMPLES,), generator=generator)
    if kind == "probabilities":
        return torch.softmax(torch.randn(shape, generator=generator, dtype=torch.float64), -1)
    if kind == "labels":
        return torch.randint(2, shape, generator=generator).double()
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def main():
    generator = torch.Generator().manual_seed(7)
    # Three decimals, to keep the file small.
    draw = lambda *shape: torch.round(torch.randn(*shape, generator=generator, dtype=torch.float64), decimals=3)
    cases = []
    for config, activation, learned in ACTIVATIONS:
        for loss, function, kind in LOSSES:
            x, t = draw(SAMPLES, INPUTS), target(kind, generator)
            count = INPUTS * HIDDEN + HIDDEN + learned + HIDDEN * OUTPUTS + OUTPUTS
            parameters, direction = draw(count), draw(count)
            value = lambda flat: function(network(flat, x, activation, learned), t)
            point = parameters.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(value(point), point)
            full = hessian(value, parameters)
            _, product = hvp(value, parameters, direction)
            rows, columns = torch.triu_indices(count, count)
            cases.append(
                {
                    "name": f"{config}, {loss} of {kind}",
                    "activation": config,
                    "loss": loss,
                    "outputs": OUTPUTS,
                    "input": tensor(x),
                    "target": tensor(t),
                    "parameters": numbers(parameters),
                    "direction": numbers(direction),
                    "value": number(value(parameters)),
                    "gradient": numbers(gradient),
                    "product": numbers(product),
                    "hessian": numbers(full[rows, columns]),
                }
            )
    write("pytorch_second_order", f"PyTorch {torch.__version__}", cases)


if __name__ == "__main__":
    main()
