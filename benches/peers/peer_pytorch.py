"""PyTorch: eager, compiled (`torch.compile`), and for inference also traced (`torch.jit`)."""

import sys
import warnings

import torch
from torch import nn

import measure
from measure import ADAM_LEARNING_RATE, LEARNING_RATE

warnings.filterwarnings("ignore")


def network(work):
    layers = []
    for i, (inputs, outputs) in enumerate(zip(work.widths, work.widths[1:])):
        if i:
            layers.append(nn.ReLU() if work.activation == "relu" else nn.Sigmoid())
        layers.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*layers)


def optimizer(work, parameters):
    if work.optimizer == "adam":
        return torch.optim.Adam(parameters, lr=ADAM_LEARNING_RATE, fused=True)
    momentum = 0.9 if work.optimizer == "momentum" else 0
    return torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=momentum, fused=True)


def train(library, work, options, compiled):
    model = network(work)
    samples, labels = measure.data(work)
    x, y = torch.from_numpy(samples), torch.from_numpy(labels)
    update = optimizer(work, model.parameters())
    cross_entropy = nn.CrossEntropyLoss()
    loss_of = lambda x, y: cross_entropy(model(x), y)
    if compiled:
        loss_of = torch.compile(loss_of)

    def step():
        update.zero_grad(set_to_none=True)
        loss = loss_of(x, y)
        loss.backward()
        update.step()
        return loss.detach()

    measure.report(library, work, options, step)


def infer(library, work, options, transform):
    model = network(work).eval()
    x = torch.from_numpy(measure.data(work)[0])
    with torch.inference_mode():
        model = transform(model, x)
        measure.report(library, work, options, lambda: model(x))


def traced(model, x):
    return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x)))


def main():
    # Products of f32 matrices in bfloat16 where the flag is given.
    suffix = "-bf16" if "--bf16" in sys.argv else ""
    if suffix:
        sys.argv.remove("--bf16")
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    options = measure.options()
    torch.set_num_threads(options.threads)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)  # as JAX and dfdx do
    torch.manual_seed(0)
    for work in options.works:
        if work.optimizer:
            train("pytorch-eager" + suffix, work, options, compiled=False)
        else:
            infer("pytorch-eager" + suffix, work, options, lambda model, x: model)
            infer("pytorch-jit" + suffix, work, options, traced)
        try:
            torch._dynamo.reset()
            if work.optimizer:
                train("pytorch-compile" + suffix, work, options, compiled=True)
            else:
                infer("pytorch-compile" + suffix, work, options, lambda model, x: torch.compile(model))
        except Exception as error:  # most of all: no C++ compiler
            reason = str(error).strip().splitlines()[0][:120]
            measure.skip("pytorch-compile" + suffix, work, options, reason)


main()
