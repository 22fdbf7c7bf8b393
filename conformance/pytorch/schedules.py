"""Learning rates of PyTorch's schedulers, and momenta where they have a cycle: 300 values of each, as an optimizer is
given them."""

import math
import sys
import warnings
from pathlib import Path

import torch
from torch.optim import lr_scheduler

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import write

warnings.filterwarnings("ignore")

BASE = 0.4
STEPS = 300


def paces(scheduler_of, steps=STEPS, values=None):
    """The learning rates, and the momenta if they are not those of the optimizer throughout."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE, momentum=0.123)
    scheduler = scheduler_of(optimizer)
    rates, momenta = [], []
    for step in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        if values is None:
            if step + 1 < steps:
                scheduler.step()
        else:
            scheduler.step(values[step])
    found = {"rates": rounded(rates)}
    if set(momenta) != {0.123}:
        found["momenta"] = rounded(momenta)
    return found


def warmup(optimizer, steps, start, then):
    """A linear warm-up before another schedule."""
    first = lr_scheduler.LinearLR(optimizer, start_factor=start, total_iters=steps)
    return lr_scheduler.SequentialLR(optimizer, [first, then(optimizer)], [steps])


def one_cycle(steps, **settings):
    settings.setdefault("max_lr", BASE)
    return lambda o: lr_scheduler.OneCycleLR(o, total_steps=steps, **settings)


def cyclic(**settings):
    return lambda o: lr_scheduler.CyclicLR(o, **settings)


L = lr_scheduler
CASES = [
    ("constant", lambda o: L.ConstantLR(o, factor=1.0), STEPS),
    ("step(step_size=30)", lambda o: L.StepLR(o, 30), STEPS),
    ("step(step_size=7, gamma=0.9)", lambda o: L.StepLR(o, 7, gamma=0.9), STEPS),
    ("multi_step(milestones=[30, 80])", lambda o: L.MultiStepLR(o, [30, 80]), STEPS),
    ("multi_step(milestones=[5, 50, 50, 222], gamma=0.5)", lambda o: L.MultiStepLR(o, [5, 50, 50, 222], gamma=0.5), STEPS),
    ("exponential(gamma=0.95)", lambda o: L.ExponentialLR(o, 0.95), STEPS),
    ("exponential(gamma=0.999)", lambda o: L.ExponentialLR(o, 0.999), STEPS),
    ("polynomial", lambda o: L.PolynomialLR(o), STEPS),
    ("polynomial(total=250, power=2)", lambda o: L.PolynomialLR(o, total_iters=250, power=2.0), STEPS),
    ("polynomial(total=400, power=0.5)", lambda o: L.PolynomialLR(o, total_iters=400, power=0.5), STEPS),
    ("cosine(total=300)", lambda o: L.CosineAnnealingLR(o, 300), STEPS),
    ("cosine(total=70, minimum=0.01)", lambda o: L.CosineAnnealingLR(o, 70, eta_min=0.01), STEPS),
    ("cosine_warm_restarts(first=10)", lambda o: L.CosineAnnealingWarmRestarts(o, 10), STEPS),
    (
        "cosine_warm_restarts(first=7, multiplier=3, minimum=0.02)",
        lambda o: L.CosineAnnealingWarmRestarts(o, 7, T_mult=3, eta_min=0.02),
        STEPS,
    ),
    ("linear_warmup", lambda o: L.LinearLR(o), STEPS),
    ("linear_warmup(steps=40, start_factor=0.1)", lambda o: L.LinearLR(o, start_factor=0.1, total_iters=40), STEPS),
    (
        "linear_warmup(steps=20, start_factor=0.01, then=cosine(total=280))",
        lambda o: warmup(o, 20, 0.01, lambda o: L.CosineAnnealingLR(o, 280)),
        STEPS,
    ),
    (
        "linear_warmup(steps=10, start_factor=0.5, then=step(step_size=25, gamma=0.7))",
        lambda o: warmup(o, 10, 0.5, lambda o: L.StepLR(o, 25, gamma=0.7)),
        STEPS,
    ),
    ("one_cycle(total_steps=300)", one_cycle(300), 300),
    ("one_cycle(total_steps=300, max_learning_rate=1.5, pct_start=0.4, linear=true)",
     one_cycle(300, max_lr=1.5, pct_start=0.4, anneal_strategy="linear"), 300),
    ("one_cycle(total_steps=300, three_phase=true, div_factor=10, final_div_factor=100)",
     one_cycle(300, three_phase=True, div_factor=10.0, final_div_factor=100.0), 300),
    ("one_cycle(total_steps=90, pct_start=0.17, linear=true, three_phase=true)",
     one_cycle(90, pct_start=0.17, anneal_strategy="linear", three_phase=True), 90),
    ("one_cycle(total_steps=40, cycle_momentum=false)", one_cycle(40, cycle_momentum=False), 40),
    ("one_cycle(total_steps=40, base_momentum=0.5, max_momentum=0.7)",
     one_cycle(40, base_momentum=0.5, max_momentum=0.7), 40),
    ("cyclic(base_learning_rate=0.1, max_learning_rate=0.4, step_size_up=9, cycle_momentum=false)",
     cyclic(base_lr=0.1, max_lr=0.4, step_size_up=9, cycle_momentum=False), 40),
    ("cyclic(base_learning_rate=0.1, max_learning_rate=0.4, step_size_up=9, base_momentum=0.3, max_momentum=0.6)",
     cyclic(base_lr=0.1, max_lr=0.4, step_size_up=9, base_momentum=0.3, max_momentum=0.6), 40),
    ("cyclic(base_learning_rate=0.001, max_learning_rate=0.1)", cyclic(base_lr=0.001, max_lr=0.1), STEPS),
    ("cyclic(base_learning_rate=0.01, max_learning_rate=0.4, step_size_up=13, step_size_down=31)",
     cyclic(base_lr=0.01, max_lr=0.4, step_size_up=13, step_size_down=31), STEPS),
    ("cyclic(base_learning_rate=0.01, max_learning_rate=0.4, step_size_up=20, mode=triangular2)",
     cyclic(base_lr=0.01, max_lr=0.4, step_size_up=20, mode="triangular2"), STEPS),
    ("cyclic(base_learning_rate=0.01, max_learning_rate=0.4, step_size_up=25, gamma=0.99, mode=exp_range)",
     cyclic(base_lr=0.01, max_lr=0.4, step_size_up=25, gamma=0.99, mode="exp_range"), STEPS),
]

# Losses that fall, lie still, rise and are not numbers.
VALUES = [
    float("nan") if step == 150 else (1.0 + 0.3 * math.cos(0.37 * step)) / (1.0 + 0.05 * min(step, 100)) for step in range(STEPS)
]
PLATEAUS = [
    ("reduce_on_plateau", {}),
    ("reduce_on_plateau(factor=0.5, patience=3, cooldown=4)", {"factor": 0.5, "patience": 3, "cooldown": 4}),
    ("reduce_on_plateau(factor=0.8, patience=2, threshold=0.05, absolute=true, min_learning_rate=0.01)",
     {"factor": 0.8, "patience": 2, "threshold": 0.05, "threshold_mode": "abs", "min_lr": 0.01}),
    ("reduce_on_plateau(factor=0.7, patience=5, maximise=true)", {"factor": 0.7, "patience": 5, "mode": "max"}),
    ("reduce_on_plateau(factor=0.9, patience=1, maximise=true, absolute=true, threshold=0.2, epsilon=0.001)",
     {"factor": 0.9, "patience": 1, "mode": "max", "threshold_mode": "abs", "threshold": 0.2, "eps": 0.001}),
]


def rounded(xs):
    """Fourteen digits: a hundredth of the tolerance, and a smaller file."""
    return [float(f"{x:.13e}") for x in xs]


def finite(xs):
    return ["nan" if math.isnan(x) else x for x in xs]


cases = [
    {"name": config, "config": config, "base": BASE, **paces(scheduler_of, steps)}
    for config, scheduler_of, steps in CASES
]
cases += [
    {
        "name": config,
        "config": config,
        "base": BASE,
        "values": finite(rounded(VALUES)),
        **paces(lambda o: L.ReduceLROnPlateau(o, **settings), values=rounded(VALUES)),
    }
    for config, settings in PLATEAUS
]
write("pytorch_schedules", f"PyTorch {torch.__version__}", cases)
