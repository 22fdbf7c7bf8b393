"""Paths of PyTorch's optimizers down a fixed function of four weights: every weight after each of 200 steps.

The function is an ill-conditioned quadratic beside Rosenbrock's, with its gradient written out:
    f = (x0 - 1)^2 / 2 + 50 (x1 + 0.5)^2 + (1 - x2)^2 / 4 + 5 (x3 - x2^2)^2
PyTorch has no Lion; its update is written out from the paper (Chen et al. 2023, program 2).
"""

import sys
from pathlib import Path

import numpy
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import write

# PyTorch keeps the product of NAdam's momenta in the default type.
torch.set_default_dtype(torch.float64)

START = [3.0, 1.5, -0.7, 0.4]
STEPS = 200


def gradient(x):
    x0, x1, x2, x3 = (float(v) for v in x)
    valley = x3 - x2 * x2
    return [x0 - 1.0, 100.0 * (x1 + 0.5), (x2 - 1.0) / 2.0 - 20.0 * x2 * valley, 10.0 * valley]


def loss(x):
    x0, x1, x2, x3 = (float(v) for v in x)
    return (x0 - 1.0) ** 2 / 2.0 + 50.0 * (x1 + 0.5) ** 2 + (1.0 - x2) ** 2 / 4.0 + 5.0 * (x3 - x2 * x2) ** 2


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


def rounded(x):
    """Fourteen digits: a hundredth of the tolerance, and a smaller file."""
    return float(f"{x:.13e}")


def case(config, path):
    return {"name": config, "config": config, "path": [rounded(x) for row in path for x in row]}


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


def text(name, settings):
    def value(x):
        return str(x).lower() if isinstance(x, bool) else repr(x)

    inside = ", ".join(f"{key}={value(x)}" for key, x in settings.items())
    return f"{name}({inside})" if inside else name


def settings_of(name, settings):
    given = {SETTINGS.get(key, key): value for key, value in settings.items() if key not in ("beta1", "beta2")}
    if "beta1" in settings or "beta2" in settings:
        given["betas"] = (settings.get("beta1", 0.9), settings.get("beta2", 0.999))
    if name == "amsgrad":
        given["amsgrad"] = True
    return given


def torch_case(name, settings):
    given = settings_of(name, settings)
    return case(text(name, settings), path_of(lambda x: NAMES[name](x, foreach=False, **given)))


# Rate and momentum go up and down, the learning rate of the optimizer being the highest.
CYCLE = "one_cycle(total_steps=200, pct_start=0.4)"


def scheduled_case(name, settings):
    given = settings_of(name, settings)
    cycle = lambda o: torch.optim.lr_scheduler.OneCycleLR(o, given["lr"], total_steps=STEPS, pct_start=0.4)
    found = case(text(name, settings), path_of(lambda x: NAMES[name](x, foreach=False, **given), cycle))
    return {**found, "name": f"{found['name']} by {CYCLE}", "schedule": CYCLE}


def lion_case(settings):
    ours = {("learning_rate" if key == "lr" else key): value for key, value in settings.items()}
    return case(text("lion", ours), path_of_lion(**{"lr": 1e-4, **settings}))


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
    return case(text("lbfgs", {"history": history, "learning_rate": learning_rate}), path)


cases = [torch_case(name, settings) for name, settings in CASES]
cases += [scheduled_case(name, settings) for name, settings in SCHEDULED]
cases += [lion_case(settings) for settings in LION]
cases += [lbfgs_case(22, history=history) for history in (1, 3, 100)]
cases += [lbfgs_case(22, history=5, learning_rate=rate) for rate in (0.5, 3.0)]
for each in cases:
    each["start"] = START
write("pytorch_optimizers", f"PyTorch {torch.__version__}, NumPy {numpy.__version__} for Lion", cases)
