"""JAX: one jitted step for each call, and `lax.scan` over many steps in one call."""

import functools
import os

import measure

options = measure.options()
os.environ["JAX_PLATFORMS"] = "cpu"
if options.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax  # noqa: E402  reads the environment when imported
import jax.numpy as jnp  # noqa: E402

# Handing a step to another thread costs a small one more than it takes.
jax.config.update("jax_cpu_enable_async_dispatch", False)

SCAN_STEPS = {"W1": 100, "W2s": 100, "W2r": 100, "W3": 10, "W4": 2}


def initial(work):
    keys = jax.random.split(jax.random.key(0), len(work.widths))
    layers = []
    for key, inputs, outputs in zip(keys, work.widths, work.widths[1:]):
        bound = inputs**-0.5
        weight_key, bias_key = jax.random.split(key)
        weight = jax.random.uniform(weight_key, (inputs, outputs), jnp.float32, -bound, bound)
        layers.append((weight, jax.random.uniform(bias_key, (outputs,), jnp.float32, -bound, bound)))
    return layers


def forward(activation, layers, x):
    for weight, bias in layers[:-1]:
        x = activation(x @ weight + bias)
    weight, bias = layers[-1]
    return x @ weight + bias


def cross_entropy(activation, layers, x, y):
    log_probabilities = jax.nn.log_softmax(forward(activation, layers, x))
    return -jnp.mean(jnp.take_along_axis(log_probabilities, y[:, None], axis=1))


def update(kind, layers, gradients, state):
    """The parameters and the optimizer's state after a step."""
    tree = jax.tree.map
    rate = measure.ADAM_LEARNING_RATE if kind == "adam" else measure.LEARNING_RATE
    if kind == "sgd":
        return tree(lambda p, g: p - rate * g, layers, gradients), state
    if kind == "momentum":
        state = tree(lambda v, g: 0.9 * v + g, state, gradients)
        return tree(lambda p, v: p - rate * v, layers, state), state
    t, m, v = state
    t = t + 1
    m = tree(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
    v = tree(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)
    m_scale, v_scale = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
    step = lambda p, m, v: p - rate * (m * m_scale) / (jnp.sqrt(v * v_scale) + 1e-8)
    return tree(step, layers, m, v), (t, m, v)


def initial_state(kind, layers):
    zeros = lambda: jax.tree.map(jnp.zeros_like, layers)
    return {"sgd": lambda: (), "momentum": zeros, "adam": lambda: (jnp.float32(0), zeros(), zeros())}[kind]()


def train(work):
    samples, labels = measure.data(work)
    x, y = jax.device_put(samples), jax.device_put(labels.astype("int32"))
    activation = getattr(jax.nn, work.activation)
    gradient = jax.value_and_grad(functools.partial(cross_entropy, activation))

    def step(layers, state, x, y):
        loss, gradients = gradient(layers, x, y)
        return *update(work.optimizer, layers, gradients, state), loss

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def scanned(layers, state, x, y):
        body = lambda held, _: (lambda l, s, loss: ((l, s), loss))(*step(*held, x, y))
        (layers, state), losses = jax.lax.scan(body, (layers, state), length=SCAN_STEPS[work.name])
        return layers, state, losses

    def run(library, function, steps):
        held = [initial(work)]
        held.append(initial_state(work.optimizer, held[0]))

        def call():
            held[0], held[1], loss = jax.block_until_ready(function(*held, x, y))
            return loss

        measure.report(library, work, options, call, steps)

    run("jax-jit", jax.jit(step, donate_argnums=(0, 1)), 1)
    run("jax-scan", scanned, SCAN_STEPS[work.name])


def infer(work):
    x = jax.device_put(measure.data(work)[0])
    layers = initial(work)
    function = jax.jit(functools.partial(forward, getattr(jax.nn, work.activation)))
    measure.report("jax-jit", work, options, lambda: jax.block_until_ready(function(layers, x)))
    measure.skip("jax-scan", work, options, "one sample in one call has nothing to scan over")


for work in options.works:
    train(work) if work.optimizer else infer(work)
