"""PyTorch's layers: values, gradients by the input and by every parameter, and running statistics, step by step.

All inputs, parameters and upstream gradients are multiples of 1/64, so that they are the same numbers in single
precision. PyTorch stores the weights of linear layers as [outputs, inputs]; the cases have them the other way round.
"""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import tensor, write

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


def grid(*shape):
    """Multiples of 1/64 between -3 and 3."""
    return torch.randint(-192, 193, shape) / 64


def same(x):
    return x


def transposed(x):
    return x.T


def case(name, config, layer, names, inputs, training=True, buffers=None, layers=1):
    """One case. `names` gives for each parameter here PyTorch's name and the way from its form to the one here."""
    layer.train(training)
    for parameter in layer.parameters():
        parameter.data = grid(*parameter.shape)
    out = {"name": name, "config": config, "training": int(training), "steps": len(inputs)}
    out["parameters"] = list(names)
    parameters = dict(layer.named_parameters())
    for here, (there, form) in names.items():
        out[f"parameter {here}"] = tensor(form(parameters[there]))
    buffers = buffers or {}
    out["buffers"] = list(buffers)
    held = dict(layer.named_buffers())
    for here, there in buffers.items():
        if not training:
            held[there].copy_(grid(*held[there].shape).abs() + 0.25)
        out[f"buffer {here}"] = tensor(held[there])
    for step, x in enumerate(inputs):
        is_index = not x.is_floating_point()
        x = x.clone() if is_index else x.clone().requires_grad_()
        y = layer(x)
        upstream = grid(*y.shape)
        layer.zero_grad()
        if y.requires_grad:
            y.backward(upstream)
        out[f"input {step}"] = tensor(x.double())
        out[f"upstream {step}"] = tensor(upstream)
        out[f"output {step}"] = tensor(y)
        if not is_index:
            out[f"input gradient {step}"] = tensor(x.grad)
        for here, (there, form) in names.items():
            out[f"gradient {step} {here}"] = tensor(form(parameters[there].grad))
        for here, there in buffers.items():
            out[f"buffer {step} {here}"] = tensor(held[there])
    # How many terms the longest sum has, over the rows, over the features, or over a channel; as often as layers with
    # such sums follow each other.
    shape, elements = x.shape, x.numel()
    out["terms"] = layers * max(elements // shape[-1], *shape, elements // shape[min(1, len(shape) - 1)])
    return out


class Pair(nn.Module):
    """A bilinear layer that takes both inputs behind each other."""

    def __init__(self, first, second, outputs, bias=True):
        super().__init__()
        self.first, self.layer = first, nn.Bilinear(first, second, outputs, bias=bias)

    def forward(self, x):
        return self.layer(x[..., : self.first].contiguous(), x[..., self.first :].contiguous())


class Around(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


class Beside(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        return torch.cat([layer(x) for layer in self.layers], dim=-1)


AFFINE = {"weight": ("weight", same), "bias": ("bias", same)}
LINEAR = {"weight": ("weight", transposed), "bias": ("bias", same)}
RUNNING = {"running_mean": "running_mean", "running_var": "running_var"}


def linear_cases():
    yield case("linear", "linear(inputs=5, outputs=3)", nn.Linear(5, 3), LINEAR, [grid(7, 5)])
    yield case("linear, one sample", "linear(outputs=4)", nn.Linear(5, 4), LINEAR, [grid(1, 5)])
    yield case("linear, three axes", "linear(outputs=2)", nn.Linear(3, 2), LINEAR, [grid(4, 6, 3)])
    no_bias = {"weight": ("weight", transposed)}
    text = "linear(inputs=5, outputs=3, bias=false)"
    yield case("linear without bias", text, nn.Linear(5, 3, bias=False), no_bias, [grid(7, 5)])
    weights = {
        "direction": ("parametrizations.weight.original1", transposed),
        "magnitude": ("parametrizations.weight.original0", lambda x: x.reshape(-1)),
        "bias": ("bias", same),
    }
    layer = weight_norm(nn.Linear(6, 4))
    yield case("weight norm", "weight_norm(inputs=6, outputs=4)", layer, weights, [grid(5, 6)])
    layer = weight_norm(nn.Linear(3, 5))
    yield case("weight norm, three axes", "weight_norm(outputs=5)", layer, weights, [grid(2, 3, 3)])
    form = lambda x: x.permute(1, 2, 0)
    bilinear = {"weight": ("layer.weight", form), "bias": ("layer.bias", same)}
    text = "bilinear(first=4, second=3, outputs=2)"
    yield case("bilinear", text, Pair(4, 3, 2), bilinear, [grid(6, 7)])
    yield case("bilinear, three axes", text, Pair(4, 3, 2), bilinear, [grid(2, 3, 7)])
    text = "bilinear(first=1, second=5, outputs=3, bias=false)"
    bilinear = {"weight": ("layer.weight", form)}
    yield case("bilinear without bias", text, Pair(1, 5, 3, bias=False), bilinear, [grid(6, 6)])


def normalisation_cases():
    batches = lambda *shape: [grid(*shape) for _ in range(3)]
    for shape in [(8, 5), (2, 3), (4, 35), (4, 3, 6)]:
        text, channels = f"of {list(shape)}", shape[1]
        layer = nn.BatchNorm1d(channels)
        yield case(f"batch norm {text}", "batch_norm", layer, AFFINE, batches(*shape), True, RUNNING)
        layer = nn.BatchNorm1d(channels)
        inputs = [grid(*shape)]
        yield case(f"batch norm {text}, evaluation", "batch_norm", layer, AFFINE, inputs, False, RUNNING)
    layer = nn.BatchNorm1d(4, eps=0.01, momentum=0.3, affine=False)
    text = "batch_norm(epsilon=0.01, momentum=0.3, affine=false)"
    yield case("batch norm without parameters", text, layer, {}, batches(6, 4), True, RUNNING)
    layer = nn.BatchNorm1d(4, momentum=None)
    counted = {**RUNNING, "batches": "num_batches_tracked"}
    text = "batch_norm(momentum=none)"
    yield case("batch norm with plain means", text, layer, AFFINE, batches(6, 4), True, counted)
    layer = nn.BatchNorm1d(4, track_running_stats=False)
    text = "batch_norm(tracked=false)"
    yield case("batch norm without running statistics", text, layer, AFFINE, [grid(6, 4)], False)
    for shape in [(5, 7), (1, 3), (2, 36), (2, 3, 5)]:
        text, width = f"of {list(shape)}", shape[-1]
        yield case(f"layer norm {text}", "layer_norm", nn.LayerNorm(width), AFFINE, [grid(*shape)])
        only = {"weight": ("weight", same)}
        yield case(f"rms norm {text}", "rms_norm(epsilon=1e-5)", nn.RMSNorm(width, eps=1e-5), only, [grid(*shape)])
    text = "layer_norm(epsilon=0.1, affine=false)"
    layer = nn.LayerNorm(4, eps=0.1, elementwise_affine=False)
    yield case("layer norm without parameters", text, layer, {}, [grid(3, 4)])
    layer = nn.LayerNorm([3, 4])
    yield case("layer norm over two axes", "layer_norm(axes=2)", layer, AFFINE, [grid(2, 3, 4)])
    layer = nn.RMSNorm([3, 4], eps=0.5)
    only = {"weight": ("weight", same)}
    yield case("rms norm over two axes", "rms_norm(axes=2, epsilon=0.5)", layer, only, [grid(2, 3, 4)])
    layer = nn.RMSNorm(4, elementwise_affine=False)
    yield case("rms norm without parameters", "rms_norm(affine=false)", layer, {}, [grid(3, 4)])


def other_cases():
    table = {"weight": ("weight", same)}
    indices = lambda *shape: torch.randint(0, 6, shape)
    text = "embedding(classes=6, features=3)"
    yield case("embedding", text, nn.Embedding(6, 3), table, [indices(8)])
    yield case("embedding, several indices", text, nn.Embedding(6, 3), table, [indices(4, 5)])
    text = "embedding(classes=6, features=3, padding=2)"
    yield case("embedding with padding", text, nn.Embedding(6, 3, padding_idx=2), table, [indices(10, 3)])
    yield case("dropout, evaluation", "dropout(p=0.3)", nn.Dropout(0.3), {}, [grid(3, 4)], False)
    yield case("dropout of nothing", "dropout(p=0)", nn.Dropout(0.0), {}, [grid(3, 4)])
    yield case("dropout of everything", "dropout(p=1)", nn.Dropout(1.0), {}, [grid(3, 4)])
    yield case("alpha dropout, evaluation", "alpha_dropout", nn.AlphaDropout(), {}, [grid(3, 4)], False)
    yield case("alpha dropout of everything", "alpha_dropout(p=1)", nn.AlphaDropout(1.0), {}, [grid(3, 4)])
    yield case("flatten", "flatten", nn.Flatten(), {}, [grid(2, 3, 4)])
    inner = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 4))
    names = {
        "inner.0.weight": ("inner.0.weight", same),
        "inner.0.bias": ("inner.0.bias", same),
        "inner.1.weight": ("inner.1.weight", transposed),
        "inner.1.bias": ("inner.1.bias", same),
        "inner.3.weight": ("inner.3.weight", transposed),
        "inner.3.bias": ("inner.3.bias", same),
    }
    text = "residual[layer_norm, linear(outputs=6), tanh, linear(outputs=4)]"
    yield case("residual block", text, Around(inner), names, [grid(5, 4)], layers=3)
    names = {
        "0.weight": ("layers.0.weight", transposed),
        "0.bias": ("layers.0.bias", same),
        "2.weight": ("layers.2.weight", transposed),
    }
    layer = Beside(nn.Linear(4, 3), nn.Identity(), nn.Linear(4, 2, bias=False))
    text = "parallel[linear(outputs=3), identity, linear(outputs=2, bias=false)]"
    yield case("parallel layers", text, layer, names, [grid(5, 4)])
    layer = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2))
    names = {
        "0.weight": ("0.weight", transposed),
        "0.bias": ("0.bias", same),
        "1.weight": ("1.weight", same),
        "1.bias": ("1.bias", same),
        "3.weight": ("3.weight", transposed),
        "3.bias": ("3.bias", same),
    }
    running = {"1.running_mean": "1.running_mean", "1.running_var": "1.running_var"}
    text = "sequential[linear(outputs=6), batch_norm, relu, linear(outputs=2)]"
    yield case("sequence with batch norm", text, layer, names, [grid(8, 4) for _ in range(3)], True, running, 3)
    text, only = "layer_norm(bias=false)", {"weight": ("weight", same)}
    yield case("layer norm without an offset", text, nn.LayerNorm(5, bias=False), only, [grid(4, 5)])


if __name__ == "__main__":
    cases = [*linear_cases(), *normalisation_cases(), *other_cases()]
    write("pytorch_layers", f"PyTorch {torch.__version__}", cases)
