"""Paths of Optax's optimizers: every weight after each step, of a vector or of matrices beside a vector."""

import sys
from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import optax

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import SHAPES, SHAPES_START, VALLEY_START, path_case, text, valley_gradient, write


def path_of(optimizer, shapes, start, steps, seen=lambda state, parameters: parameters):
    """The weights that are evaluated, by default those that are trained, after each step."""
    parameters, begin = [], 0
    for shape in shapes:
        end = begin + int(jnp.prod(jnp.array(shape)))
        parameters.append(jnp.array(start[begin:end]).reshape(shape))
        begin = end
    flat = lambda parameters: [x for parameter in parameters for x in parameter.reshape(-1).tolist()]
    state, path = optimizer.init(parameters), []
    update = jax.jit(optimizer.update)
    for _ in range(steps):
        gradient, begin = valley_gradient(flat(parameters)), 0
        gradients = []
        for parameter in parameters:
            gradients.append(jnp.array(gradient[begin : begin + parameter.size]).reshape(parameter.shape))
            begin += parameter.size
        updates, state = update(gradients, state, parameters)
        parameters = optax.apply_updates(parameters, updates)
        path.append(flat(seen(state, parameters)))
    return path


SETTINGS = {
    "learning_rate": "learning_rate",
    "beta1": "b1",
    "beta2": "b2",
    "beta3": "b3",
    "epsilon": "eps",
    "epsilon_root": "eps_root",
    "weight_decay": "weight_decay",
}


def of_optax(settings):
    return {SETTINGS[key]: value for key, value in settings.items()}


def lamb(settings):
    given = {"learning_rate": 1e-3, **of_optax(settings)}
    path = path_of(optax.lamb(**given), SHAPES, SHAPES_START, 20)
    return path_case(text("lamb", settings), SHAPES_START, path, SHAPES)


def adan(settings):
    given = {"learning_rate": 1e-3, **of_optax(settings)}
    return path_case(text("adan", settings), VALLEY_START, path_of(optax.adan(**given), [[4]], VALLEY_START, 100))


def schedule_free(settings, averaged):
    """The weights that are trained, or the average that is validated."""
    given = {"learning_rate": 2.5e-3, **of_optax(settings)}
    seen = optax.contrib.schedule_free_eval_params if averaged else lambda state, parameters: parameters
    path = path_of(optax.contrib.schedule_free_adamw(**given), [[4]], VALLEY_START, 100, seen)
    case = path_case(text("schedule_free", settings), VALLEY_START, path)
    return {**case, "name": f"{case['name']}, averaged", "averaged": True} if averaged else case


LAMB = [
    {},
    {"learning_rate": 0.02},
    {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4, "weight_decay": 0.1},
]

ADAN = [
    {},
    {"learning_rate": 0.02},
    {"learning_rate": 0.02, "beta1": 0.9, "beta2": 0.8, "beta3": 0.95, "epsilon": 1e-4, "weight_decay": 0.1},
    {"learning_rate": 0.02, "epsilon_root": 1e-3},
]

SCHEDULE_FREE = [
    {},
    {"learning_rate": 0.02},
    {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4, "weight_decay": 0.1},
]

cases = [lamb(settings) for settings in LAMB]
cases += [adan(settings) for settings in ADAN]
cases += [schedule_free(settings, averaged) for settings in SCHEDULE_FREE for averaged in (False, True)]
write("optax_optimizers", f"Optax {optax.__version__}, JAX {jax.__version__}", cases)
