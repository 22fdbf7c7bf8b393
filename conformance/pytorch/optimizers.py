"""Paths of PyTorch's optimizers down a fixed function of four weights: every weight after each of 200 steps.

The function is an ill-conditioned quadratic beside Rosenbrock's. Muon and Adafactor go down a sum of such functions, whose
weights are matrices and a vector. Muon's are transposed for PyTorch, which stores `[outputs, inputs]`, and its products are
computed in double precision in place of bfloat16.
PyTorch has no Lion; its update is written out from the paper (Chen et al. 2023, program 2).
"""

import math
import sys
from pathlib import Path
from unittest import mock

import numpy
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import SHAPES, SHAPES_START, path_case, text, write
from common import VALLEY_START as START
from common import valley as loss
from common import valley_gradient as gradient

# PyTorch keeps the product of NAdam's momenta in the default type.
torch.set_default_dtype(torch.float64)

STEPS = 200


def path_of(optimizer_of, scheduler_of=None):
    x = torch.tensor(START, requires_grad=True)
    optimizer = optimizer_of([x])
    scheduler = scheduler_of(optimizer) if scheduler_of else None
    path = []
    for step in range(STEPS):
        x.grad = torch.tensor(gradient(x.detach()))
        optimizer.step()
        path.append(x.detach().tolist())
        if scheduler and step + 1 < STEPS:
            scheduler.step()
    return path


def path_of_lion(lr, beta1=0.9, beta2=0.99, weight_decay=0.0):
    x, m, path = numpy.array(START), numpy.zeros(4), []
    for _ in range(STEPS):
        g = numpy.array(gradient(x))
        update = numpy.sign(beta1 * m + (1 - beta1) * g)
        x = x - lr * (update + weight_decay * x)
        m = beta2 * m + (1 - beta2) * g
        path.append(x.tolist())
    return path


# chainrule's name, PyTorch's class, and the settings under both names.
NAMES = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "amsgrad": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
}
SETTINGS = {
    "learning_rate": "lr",
    "epsilon": "eps",
    "initial_accumulator": "initial_accumulator_value",
    "maximise": "maximize",
}

CASES = [
    ("sgd", {}),
    ("sgd", {"learning_rate": 0.01}),
    ("sgd", {"learning_rate": 0.01, "momentum": 0.9}),
    ("sgd", {"learning_rate": 0.005, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}),
    ("sgd", {"learning_rate": 0.01, "momentum": 0.8, "weight_decay": 0.02, "nesterov": True}),
    # Uphill the function has no end: slowly, against a weight decay that holds it back.
    ("sgd", {"learning_rate": 1e-5, "momentum": 0.9, "nesterov": True, "weight_decay": 120.0, "maximise": True}),
    ("adagrad", {}),
    ("adagrad", {"learning_rate": 0.5, "lr_decay": 0.01, "weight_decay": 0.05, "initial_accumulator": 0.3}),
    ("adadelta", {}),
    ("adadelta", {"learning_rate": 0.8, "rho": 0.95, "epsilon": 1e-5, "weight_decay": 0.05}),
    ("rmsprop", {}),
    ("rmsprop", {"learning_rate": 0.002, "alpha": 0.9, "epsilon": 1e-3, "weight_decay": 0.05}),
    ("rmsprop", {"learning_rate": 0.005, "momentum": 0.8}),
    ("rmsprop", {"learning_rate": 0.005, "centered": True, "epsilon": 1e-2}),
    ("rmsprop", {"learning_rate": 0.002, "centered": True, "momentum": 0.7, "alpha": 0.95, "epsilon": 1e-2}),
    ("adam", {}),
    ("adam", {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-5}),
    ("adam", {"learning_rate": 0.05, "weight_decay": 0.1}),
    ("adam", {"learning_rate": 0.05, "weight_decay": 0.1, "beta2": 0.9, "amsgrad": True}),
    ("amsgrad", {"learning_rate": 0.05, "beta2": 0.95}),
    ("adamw", {}),
    ("adamw", {"learning_rate": 0.05, "weight_decay": 0.3, "beta1": 0.85}),
    ("adamw", {"learning_rate": 0.05, "beta2": 0.9, "amsgrad": True}),
    ("adamax", {}),
    ("adamax", {"learning_rate": 0.05, "beta2": 0.95, "weight_decay": 0.1, "epsilon": 1e-4}),
    ("nadam", {}),
    ("nadam", {"learning_rate": 0.01, "weight_decay": 0.1, "momentum_decay": 0.05}),
    ("nadam", {"learning_rate": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True, "beta1": 0.95}),
    ("radam", {}),
    ("radam", {"learning_rate": 0.05, "weight_decay": 0.1, "beta2": 0.99}),
    ("radam", {"learning_rate": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True, "epsilon": 1e-4}),
]

SCHEDULED = [
    ("sgd", {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True}),
    ("rmsprop", {"learning_rate": 0.002, "momentum": 0.5, "epsilon": 1e-2}),
    ("adam", {"learning_rate": 0.05}),
    ("adamw", {"learning_rate": 0.05, "weight_decay": 0.2}),
    ("adamax", {"learning_rate": 0.05}),
    ("radam", {"learning_rate": 0.05, "beta2": 0.99}),
]

LION = [{}, {"lr": 0.02}, {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.5}]


def settings_of(name, settings):
    given = {SETTINGS.get(key, key): value for key, value in settings.items() if key not in ("beta1", "beta2")}
    if "beta1" in settings or "beta2" in settings:
        given["betas"] = (settings.get("beta1", 0.9), settings.get("beta2", 0.999))
    if name == "amsgrad":
        given["amsgrad"] = True
    return given


def torch_case(name, settings):
    given = settings_of(name, settings)
    return path_case(text(name, settings), START, path_of(lambda x: NAMES[name](x, foreach=False, **given)))


# Rate and momentum go up and down, the learning rate of the optimizer being the highest.
CYCLE = "one_cycle(total_steps=200, pct_start=0.4)"


def scheduled_case(name, settings):
    given = settings_of(name, settings)
    cycle = lambda o: torch.optim.lr_scheduler.OneCycleLR(o, given["lr"], total_steps=STEPS, pct_start=0.4)
    found = path_case(text(name, settings), START, path_of(lambda x: NAMES[name](x, foreach=False, **given), cycle))
    return {**found, "name": f"{found['name']} by {CYCLE}", "schedule": CYCLE}


def lion_case(settings):
    ours = {("learning_rate" if key == "lr" else key): value for key, value in settings.items()}
    return path_case(text("lion", ours), START, path_of_lion(**{"lr": 1e-4, **settings}))


def whole_case(name, settings, transposed, optimizers_of, steps):
    """Optimizers of matrices, and of vectors, on parameters of several shapes."""
    parameters, begin = [], 0
    for shape in SHAPES:
        values = torch.tensor(SHAPES_START[begin : begin + math.prod(shape)]).reshape(shape)
        parameters.append((values.T.contiguous() if transposed and len(shape) == 2 else values).requires_grad_())
        begin += values.numel()
    ours = lambda x: (x.T if transposed and x.dim() == 2 else x).reshape(-1)
    flat = lambda: torch.cat([ours(x.detach()) for x in parameters]).tolist()
    optimizers, path = optimizers_of(parameters), []
    # Muon casts to this type: with the name, its own code runs in double precision.
    with mock.patch.object(torch, "bfloat16", torch.float64):
        for _ in range(steps):
            gradients = torch.tensor(gradient(flat())).split([x.numel() for x in parameters])
            for x, g in zip(parameters, gradients):
                x.grad = (g.reshape(x.shape[::-1]).T.contiguous() if transposed and x.dim() == 2 else g.reshape(x.shape))
            for optimizer in optimizers:
                optimizer.step()
            path.append(flat())
    return path_case(text(name, settings), SHAPES_START, path, SHAPES)


def muon_case(settings):
    """Muon beside AdamW, as PyTorch's documentation has it."""
    given = {MUON_SETTINGS.get(key, key): value for key, value in settings.items() if not key.startswith("adamw_")}
    rate = settings.get("learning_rate", 1e-3) * settings.get("adamw_factor", 1.0)
    betas = (settings.get("adamw_beta1", 0.9), settings.get("adamw_beta2", 0.999))
    adamw = {"lr": rate, "betas": betas, "eps": settings.get("adamw_epsilon", 1e-8)}
    adamw["weight_decay"] = settings.get("adamw_weight_decay", 1e-2)
    optimizers_of = lambda parameters: [
        torch.optim.Muon([x for x in parameters if x.dim() == 2], **given),
        torch.optim.AdamW([x for x in parameters if x.dim() != 2], foreach=False, **adamw),
    ]
    return whole_case("muon", settings, True, optimizers_of, 30)


MUON_SETTINGS = {
    "learning_rate": "lr",
    "epsilon": "eps",
    "coefficients": "ns_coefficients",
    "iterations": "ns_steps",
    "adjust": "adjust_lr_fn",
}

MUON = [
    {},
    {"learning_rate": 0.02},
    {"learning_rate": 0.05, "nesterov": False, "momentum": 0.8, "weight_decay": 0.0, "adamw_factor": 0.1},
    {"learning_rate": 0.02, "adjust": "match_rms_adamw", "adamw_beta1": 0.8, "adamw_beta2": 0.99},
    {"learning_rate": 0.02, "adjust": "spectral_unclamped", "adamw_epsilon": 1e-4, "adamw_weight_decay": 0.3},
    {"learning_rate": 0.02, "coefficients": [2.0, -1.5, 0.5], "iterations": 9, "epsilon": 1e-3},
]


def adafactor_case(settings):
    given = {ADAFACTOR_SETTINGS.get(key, key): x for key, x in settings.items() if not key.startswith("epsilon")}
    given["eps"] = (settings.get("epsilon1"), settings.get("epsilon2", 1e-3))
    optimizers_of = lambda parameters: [torch.optim.Adafactor(parameters, foreach=False, **given)]
    return whole_case("adafactor", settings, False, optimizers_of, 15)


ADAFACTOR_SETTINGS = {"learning_rate": "lr", "threshold": "d", "maximise": "maximize"}

ADAFACTOR = [
    {},
    {"learning_rate": 0.02},
    # The rate soon falls as one over the root of the step.
    {"learning_rate": 0.4, "epsilon2": 1e-5, "threshold": 20.0},
    {"learning_rate": 0.01, "weight_decay": 0.5, "beta2_decay": -0.5, "epsilon1": 1e-2, "epsilon2": 0.5},
]


def lbfgs_case(iterations, history=100, learning_rate=1.0):
    """The weights after each iteration: one iteration for each call, whose memory PyTorch keeps."""
    x = torch.tensor(START, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [x],
        lr=learning_rate,
        max_iter=1,
        max_eval=1000,
        history_size=history,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure():
        x.grad = torch.tensor(gradient(x.detach()))
        return torch.tensor(loss(x.detach()))

    path = []
    for _ in range(iterations):
        optimizer.step(closure)
        path.append(x.detach().tolist())
    return path_case(text("lbfgs", {"history": history, "learning_rate": learning_rate}), START, path)


cases = [torch_case(name, settings) for name, settings in CASES]
cases += [scheduled_case(name, settings) for name, settings in SCHEDULED]
cases += [lion_case(settings) for settings in LION]
cases += [muon_case(settings) for settings in MUON]
cases += [adafactor_case(settings) for settings in ADAFACTOR]
cases += [lbfgs_case(22, history=history) for history in (1, 3, 100)]
cases += [lbfgs_case(22, history=5, learning_rate=rate) for rate in (0.5, 3.0)]
write("pytorch_optimizers", f"PyTorch {torch.__version__}, NumPy {numpy.__version__} for Lion", cases)
