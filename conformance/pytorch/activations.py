"""Values and gradients of PyTorch's activations: `python conformance/pytorch/activations.py`."""

import sys
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import common

torch.set_default_dtype(torch.float64)



class HardSigmoid(nn.Module):
    """nn.Hardsigmoid multiplies its gradient by the f32 next to 1/6, in f64 too: 5e-9 off. This is the same function."""

    def forward(self, x):
        return nn.functional.relu6(x + 3) / 6


# The text that chainrule builds each from, and PyTorch's counterpart.
ELEMENTWISE = [
    ("sigmoid", nn.Sigmoid()),
    ("tanh", nn.Tanh()),
    ("relu", nn.ReLU()),
    ("leaky_relu", nn.LeakyReLU()),
    ("leaky_relu(slope=0.2)", nn.LeakyReLU(0.2)),
    ("leaky_relu(slope=-0.5)", nn.LeakyReLU(-0.5)),
    ("elu", nn.ELU()),
    ("elu(alpha=0.5)", nn.ELU(0.5)),
    ("elu(alpha=2.5)", nn.ELU(2.5)),
    ("identity", nn.Identity()),
    ("log_sigmoid", nn.LogSigmoid()),
    ("hard_sigmoid", HardSigmoid()),
    ("hard_tanh", nn.Hardtanh()),
    ("hard_tanh(min_value=-2, max_value=0.5)", nn.Hardtanh(-2.0, 0.5)),
    ("tanhshrink", nn.Tanhshrink()),
    ("softsign", nn.Softsign()),
    ("softplus", nn.Softplus()),
    ("softplus(beta=2, threshold=20)", nn.Softplus(2.0, 20.0)),
    ("softplus(beta=0.5, threshold=40)", nn.Softplus(0.5, 40.0)),
    ("softplus(beta=1, threshold=1)", nn.Softplus(1.0, 1.0)),
    ("relu6", nn.ReLU6()),
    ("rrelu", nn.RReLU().eval()),
    ("rrelu(lower=0.1, upper=0.5)", nn.RReLU(0.1, 0.5).eval()),
    ("selu", nn.SELU()),
    ("celu", nn.CELU()),
    ("celu(alpha=0.5)", nn.CELU(0.5)),
    ("celu(alpha=3)", nn.CELU(3.0)),
    ("gelu", nn.GELU()),
    ("gelu(approximate=none)", nn.GELU(approximate="none")),
    ("gelu(approximate=tanh)", nn.GELU(approximate="tanh")),
    ("silu", nn.SiLU()),
    ("swish", nn.SiLU()),
    ("mish", nn.Mish()),
    ("hard_swish", nn.Hardswish()),
    ("hard_shrink", nn.Hardshrink()),
    ("hard_shrink(lambda=2)", nn.Hardshrink(2.0)),
    ("hard_shrink(lambda=0)", nn.Hardshrink(0.0)),
    ("soft_shrink", nn.Softshrink()),
    ("soft_shrink(lambda=2)", nn.Softshrink(2.0)),
    ("soft_shrink(lambda=0)", nn.Softshrink(0.0)),
    ("threshold", nn.Threshold(0.0, 0.0)),
    ("threshold(threshold=1)", nn.Threshold(1.0, 0.0)),
    ("threshold(threshold=0.125, value=20)", nn.Threshold(0.125, 20.0)),
    ("threshold(threshold=-1, value=-2.5)", nn.Threshold(-1.0, -2.5)),
]

# The grid holds every kink: 0, 1/8, 1/2, 1, 2, 3 and 6 with their signs, and the softplus thresholds 10 and 20.
GRID = [i / 2 for i in range(-12, 13)]
FAR = [1e-3, 0.125, 10.0, 20.0, 30.0, 80.0, 1e4]
X = torch.tensor(GRID + FAR + [-x for x in FAR] + [0.1, 4.7, -0.3, -2.2])


class Maxout(nn.Module):
    """PyTorch has none: the largest of adjacent features."""

    def __init__(self, pieces):
        super().__init__()
        self.pieces = pieces

    def forward(self, x):
        return x.unflatten(-1, (-1, self.pieces)).max(dim=-1).values


ROWS = [
    ("softmax", nn.Softmax(dim=-1)),
    ("log_softmax", nn.LogSoftmax(dim=-1)),
    ("softmin", nn.Softmin(dim=-1)),
    ("glu", nn.GLU(dim=-1)),
    ("maxout", Maxout(2)),
    ("maxout(pieces=3)", Maxout(3)),
    ("maxout(pieces=1)", Maxout(1)),
]


def rows():
    """Moderate values with ties, and rows that overflow when done carelessly."""
    generator = torch.Generator().manual_seed(0)
    moderate = 2 * torch.randn(3, 6, generator=generator)
    moderate[1, 1] = moderate[1, 0]
    far = torch.tensor([[1e4, -1e4, 0.0, 3.0, -30.0, 30.0], [700.0, 710.0, 720.0, -700.0, 1e-3, 0.0], [0.0] * 6])
    return [("moderate", moderate), ("far", far), ("deep", torch.randn(2, 2, 6, generator=generator))]


def case(name, config, module, x, upstream):
    x = x.clone().requires_grad_()
    y = module(x)
    g = upstream[: y.numel()].reshape(y.shape)
    y.backward(g)
    found = {"name": name, "config": config}
    found |= {key: common.tensor(value) for key, value in (("x", x), ("y", y), ("g", g), ("dx", x.grad))}
    slopes = [parameter.grad for parameter in module.parameters()]
    if slopes:
        found["dslope"] = common.tensor(slopes[0])
    return found


def main():
    # Neither of one sign nor of one size, and of few digits.
    upstream = torch.tensor([((37 * i) % 64 - 31) / 16 for i in range(64)])
    cases = [case(config, config, module, X, upstream) for config, module in ELEMENTWISE]
    for name, x in rows():
        cases += [case(f"{config} of {name} rows", config, module, x, upstream) for config, module in ROWS]
    features = X[:42].reshape(7, 6)
    for channels, config in [
        (1, "prelu"),
        (1, "prelu(initial=-0.5)"),
        (6, "prelu(per_channel=true)"),
        (6, "prelu(per_channel=true, initial=0.1)"),
    ]:
        initial = float(config.split("initial=")[1].rstrip(")")) if "initial" in config else 0.25
        cases.append(case(config, config, nn.PReLU(channels, initial), features, upstream))
    # With more than two axes the channels are the second.
    cases.append(case("prelu of channels", "prelu(per_channel=true)", nn.PReLU(3), X[:42].reshape(2, 3, 7), upstream))
    common.write("pytorch_activations", f"PyTorch {torch.__version__}", cases)


main()
