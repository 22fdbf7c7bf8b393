"""RealMLP of pytabkit: its layers one by one, its schedules, what it does to columns, and 50 steps of training.

The trainings are pytabkit's own model, statistics, schedules, losses and groups of parameters, in double precision, with
weights and batches that are given, and without dropout, of which no mask can be the same. `TD` is `RealMLPConfig`;
`TD-S`, which pytabkit has in an older form of its own, is the same model with that form's settings.
"""

import importlib.metadata
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import rounded, tensor, write
from pytabkit.models.realmlp import model as realmlp
from pytabkit.models.realmlp import train as training

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
SOURCE = f"pytabkit {importlib.metadata.version('pytabkit')}"


def grid(*shape):
    """Multiples of 1/64 between -3 and 3."""
    return torch.randint(-192, 193, shape) / 64


def digits(x):
    """A tensor to fourteen digits."""
    found = tensor(x)
    return {**found, "values": [x if isinstance(x, str) else rounded(x) for x in found["values"]]}


def layer_case(name, config, parameters, inputs, forward):
    """`parameters` are those here, by name; `forward` computes with copies of them of pytabkit's form."""
    parameters = {key: value.clone().requires_grad_() for key, value in parameters.items()}
    x = inputs.clone().requires_grad_()
    y = forward(x, **parameters)
    upstream = grid(*y.shape)
    y.backward(upstream)
    zero = lambda gradient, like: torch.zeros_like(like) if gradient is None else gradient
    case = {"name": name, "config": config, "training": 1, "steps": 1, "parameters": list(parameters), "buffers": []}
    case |= {f"parameter {key}": tensor(value) for key, value in parameters.items()}
    case |= {"input 0": tensor(inputs), "upstream 0": tensor(upstream), "output 0": tensor(y)}
    case["input gradient 0"] = tensor(zero(x.grad, x))
    case |= {f"gradient 0 {key}": tensor(zero(value.grad, value)) for key, value in parameters.items()}
    case["terms"] = 4 * max(inputs.shape)
    return case


def loaded(module, **values):
    """A module of pytabkit that computes with these tensors in place of its parameters."""
    for key, value in values.items():
        del module._parameters[key]
        setattr(module, key, value)
    return module


def layers():
    def ntk(x, weight, bias):
        product = loaded(realmlp.Weight(1, *weight.shape, 1.0, 1.0), weight=weight[None])(x[None])
        return loaded(realmlp.Bias(1, len(bias), 1.0, 1.0), bias=bias[None, None])(product)[0]

    def scale(x, scale):
        return loaded(realmlp.Scale(1, len(scale), 1.0, 1.0), scale=scale[None, None])(x[None])[0]

    def model(numbers, cat_sizes, **config):
        """The network as far as its first layer, without preprocessing of its own."""
        config = realmlp.RealMLPConfig(add_front_scale=False, hidden_sizes=[1], **config)
        found = realmlp.RealMLP(numbers, cat_sizes, 1, 1, config, True).double()
        found.mlp = torch.nn.Sequential()
        return found

    def clipped_away(x):
        """What the smooth clipping of the model makes x."""
        return x / (1 - x.square() / 9).sqrt()

    def columns(x, numbers, missing, cat_sizes, found):
        """Runs a model on columns as they stand here: numbers, indicators, codes."""
        x_num = clipped_away(x[:, :numbers])
        shown = torch.zeros_like(x_num, dtype=torch.bool)
        for place, column in enumerate(missing):
            shown[:, column] = x[:, numbers + place] != 0
        x_num = torch.where(shown, torch.nan, x_num)
        codes = x[:, numbers + len(missing) :].detach().long()
        return found(x_num[None], codes[None])[0]

    def periodic(numbers, missing):
        def forward(x, frequency, phase, weight, bias, **more):
            found = model(numbers, [])
            h2 = bias.shape[1]
            values = torch.zeros(1, 1, numbers, h2)
            own = torch.zeros(1, 1, numbers)
            if missing:
                index = torch.tensor(missing)
                values = values.index_put((torch.zeros(1).long(), torch.zeros(1).long(), index), more["missing"][:, :h2])
                own = own.index_put((torch.zeros(1).long(), torch.zeros(1).long(), index), more["missing"][:, h2])
            loaded(
                found,
                plr_weight_1=frequency[None, :, None, :],
                plr_bias_1=phase[None, :, None, :],
                plr_weight_2=weight.transpose(1, 2)[None],
                plr_bias_2=bias[None, :, None, :],
                plr_missing=values,
                num_missing=own,
            )
            return columns(x, numbers, missing, [], found)

        return forward

    def filled(numbers, missing):
        def forward(x, value):
            found = model(numbers, [], num_emb_type="none")
            own = torch.zeros(1, 1, numbers)
            zero = torch.zeros(1).long()
            loaded(found, num_missing=own.index_put((zero, zero, torch.tensor(missing)), value))
            return columns(x, numbers, missing, [], found)

        return forward

    def embedded(numbers, cat_sizes):
        def forward(x, weight):
            found = model(numbers, cat_sizes, num_emb_type="none", max_one_hot_cat_size=1)
            loaded(found, cat_emb=weight[None])
            return columns(x, numbers, [], cat_sizes, found)

        return forward

    def small(*shape):
        """Within what the smooth clipping can give."""
        return torch.randint(-180, 181, shape) / 64

    def waves(numbers, missing=0):
        found = {
            "frequency": grid(numbers, 16) / 16,
            "phase": grid(numbers, 16),
            "weight": grid(numbers, 3, 16) / 8,
            "bias": grid(numbers, 3),
        }
        return found | ({"missing": grid(missing, 4)} if missing else {})

    def with_indicators(rows, numbers, missing):
        shown = (torch.arange(rows * missing).reshape(rows, missing) % 3 == 0).double()
        x = small(rows, numbers)
        return x, shown

    for rows, inputs, outputs in [(7, 5, 3), (1, 4, 6), (33, 17, 2)]:
        parameters = {"weight": grid(inputs, outputs), "bias": grid(outputs)}
        text = f"ntk_linear(outputs={outputs})"
        yield layer_case(f"{text} of {rows}", text, parameters, grid(rows, inputs), ntk)
        yield layer_case(f"scale of {inputs}", "scale", {"scale": grid(inputs)}, grid(rows, inputs), scale)
    for rows, numbers in [(1, 1), (5, 3), (70, 2)]:
        text = "periodic_embedding"
        yield layer_case(f"{text} of {[rows, numbers]}", text, waves(numbers), small(rows, numbers), periodic(numbers, []))
    for rows, numbers, missing in [(6, 3, [1]), (9, 4, [0, 3])]:
        x, shown = with_indicators(rows, numbers, len(missing))
        for place, column in enumerate(missing):
            x[:, column] = torch.where(shown[:, place] != 0, 0.0, x[:, column])
        x = torch.cat([x, shown], dim=1)
        text = f"periodic_embedding(numbers={numbers}, missing={missing})"
        yield layer_case(text, text, waves(numbers, len(missing)), x, periodic(numbers, missing))
        text = f"learned_missing(numbers={numbers}, missing={missing})"
        yield layer_case(text, text, {"value": grid(len(missing))}, x, filled(numbers, missing))
    for rows, numbers, sizes in [(8, 2, [3, 12]), (5, 0, [4]), (4, 1, [10, 11, 30])]:
        codes = torch.stack([torch.randint(0, size, (rows,)) for size in sizes], dim=1).double()
        x = torch.cat([small(rows, numbers), codes], dim=1)
        text = f"embed_columns(classes={sizes}, width=8)"
        yield layer_case(f"{text} behind {numbers}", text, {"weight": grid(sum(sizes), 8)}, x, embedded(numbers, sizes))


def activations():
    for name in ["selu", "mish", "relu", "silu", "gelu", "elu"]:
        for initial in [1.0, 0.25]:
            x, g = grid(9, 5).requires_grad_(), grid(9, 5)
            layer = realmlp.Activation(name, 1, 5, True, 1.0, 1.0)
            with torch.no_grad():
                layer.weight.fill_(initial)
            y = layer(x[None])[0]
            y.backward(g)
            text = f"parametric(of={name}, initial={initial})"
            case = {"name": text, "config": text, "x": tensor(x), "g": tensor(g), "y": tensor(y), "dx": tensor(x.grad)}
            yield case | {"dslope": tensor(layer.weight.grad[0, 0])}


def schedules():
    for here, there in [("coslog", "coslog4"), ("flat_cosine", "flat_cos")]:
        for total in [300, 77]:
            text = f"{here}(total={total})"
            rates = [rounded(0.4 * training.SCHEDULES[there](min(step / total, 1.0))) for step in range(300)]
            yield {"name": text, "config": text, "base": 0.4, "rates": rates}


def table(rows):
    """Three columns of numbers, one of them with missing ones, and three of categories."""
    numbers = torch.randn(rows, 3) * torch.tensor([1.0, 30.0, 0.2]) + torch.tensor([0.0, 500.0, -1.0])
    numbers[:, 2] = numbers[:, 2].exp()
    numbers[torch.rand(rows) < 0.2, 1] = torch.nan
    sizes = [3, 5, 12]
    codes = torch.stack([torch.randint(0, size, (rows,)) for size in sizes], dim=1)
    return numbers, codes, sizes


def column_statistics(features):
    """pytabkit's, but in double precision."""
    single, torch.float32 = torch.float32, torch.float64
    try:
        found = training.compute_input_stats(features, torch.arange(len(features))[None])
    finally:
        torch.float32 = single
    return [x[0, 0] for x in found]


def prepared(model, numbers, codes):
    """The columns as they enter the network here: numbers, indicators, one-hot columns, codes."""
    x = (model.input_features(numbers[None], codes[None]) - model.x_median) * model.x_scale
    x = (x / (1 + x.square() / 9).sqrt())[0]
    x_num, one_hot = x[:, : model.n_num], x[:, model.n_num :]
    shown = torch.isnan(x_num)
    gaps = [column for column in range(model.n_num) if shown[:, column].any()]
    parts = [torch.where(shown, 0.0, x_num), shown[:, gaps].double(), one_hot, codes[:, model.emb_cats].double()]
    return torch.cat(parts, dim=1), gaps


def column_cases():
    odd = {
        "a million years": (2005.0 + torch.randn(500) * 9.0).round(),
        "mostly zeros": torch.where(torch.arange(500) % 5 == 0, torch.arange(500) / 7.0, 0.0),
        "constant": torch.full((500,), 4.25),
        "two values": (torch.arange(500) % 2).double() * 3.0,
        "missing": torch.where(torch.arange(500) % 3 == 0, torch.nan, torch.arange(500) * 1.5),
        "nothing": torch.full((500,), torch.nan),
    }
    for name, column in odd.items():
        median, scale = (x[0] for x in column_statistics(column[:, None]))
        x = (column - median) * scale
        x = x / (1 + x.square() / 9).sqrt()
        yield {"name": name, "column": tensor(column), "median": float(median), "scale": float(scale), "clipped": tensor(x)}


def trainings():
    rows, batch, epochs, width = 80, 16, 10, 12
    for preset in ["td", "td-s"]:
        for task, outputs in [("binary", 2), ("classes", 4), ("values", 1)]:
            is_class = task != "values"
            small = {"num_emb_type": "none", "use_parametric_act": False, "wd": 0.0, "lr": 0.04 if is_class else 0.07}
            config = (realmlp.RealMLPConfig.td_class if is_class else realmlp.RealMLPConfig.td_reg)(
                hidden_sizes=[width] * 3, p_drop=0.0, n_epochs=epochs, **(small if preset == "td-s" else {})
            )
            numbers, codes, sizes = table(rows)
            model = realmlp.RealMLP(3, sizes, outputs, 1, config, is_class).double()
            median, scale = column_statistics(model.input_features(numbers, codes))
            model.x_median.copy_(median)
            model.x_scale.copy_(scale)
            x, gaps = prepared(model, numbers, codes)
            y = torch.randint(0, outputs, (rows, 1)) if is_class else 7.0 + 3.0 * torch.randn(rows, 1)
            if not is_class:
                model.y_mean.copy_(y.mean())
                model.y_std.copy_(y.std(correction=0))
            for parameter in model.parameters():
                parameter.data = grid(*parameter.shape) / 2
            # What was never missing is never moved but by decay; there is no such value here.
            for parameter in [model.num_missing] + ([model.plr_missing] if model.use_pbld else []):
                keep = torch.zeros(3).index_fill(0, torch.tensor(gaps), 1.0)
                parameter.data *= keep if parameter.dim() == 3 else keep[:, None]
            case = {
                "name": f"{preset}, {task}", "preset": preset, "task": task, "outputs": outputs, "width": width,
                "numbers": 3, "missing": gaps, "one_hot": 1 + 4, "codes": [12], "rows": rows, "batch_size": batch,
                "epochs": epochs, "inputs": tensor(x), "targets": tensor(y.double()),
            }
            names = parameter_names(model, gaps, preset)
            case["parameters"] = list(names)
            case |= {f"parameter {name}": tensor(read()) for name, read in names.items()}
            scheds = {name: training.SCHEDULES[getattr(config, name + "_sched")] for name in ["lr", "wd"]}
            groups = {}
            for p in model.parameters():
                groups.setdefault((p.lr_factor, p.wd_factor), []).append(p)
            groups = [{"params": ps, "lr_factor": lr, "wd_factor": wd} for (lr, wd), ps in groups.items()]
            optimizer = torch.optim.AdamW(groups, betas=(config.mom, config.sq_mom))
            model.train()
            losses, steps = [], rows // batch * epochs
            for step in range(steps):
                t = step / steps
                for group in optimizer.param_groups:
                    group["lr"] = config.lr * scheds["lr"](t) * group["lr_factor"]
                    group["weight_decay"] = config.wd * scheds["wd"](t) * group["wd_factor"]
                begin = step * batch % rows
                part = slice(begin, begin + batch)
                prediction = model(numbers[None, part], codes[None, part])
                if is_class:
                    loss = training.cross_entropy(prediction, y[None, part], config.ls_eps if config.use_ls else 0.0)
                else:
                    loss = training.mse(prediction, model.transform_y(y[None, part]))
                optimizer.zero_grad(set_to_none=True)
                loss.sum().backward()
                optimizer.step()
                losses.append(rounded(loss.item()))
            case["losses"] = losses
            case |= {f"trained {name}": digits(read()) for name, read in names.items()}
            yield case


def parameter_names(model, gaps, preset):
    """The names that parameters have here, and how each is read from pytabkit's form."""
    if preset == "td":
        learned = lambda: torch.cat([model.plr_missing[0, 0][gaps], model.num_missing[0, 0][gaps][:, None]], dim=1)
        found = {
            "0.frequency": lambda: model.plr_weight_1[0, :, 0],
            "0.phase": lambda: model.plr_bias_1[0, :, 0],
            "0.weight": lambda: model.plr_weight_2[0].transpose(1, 2),
            "0.bias": lambda: model.plr_bias_2[0, :, 0],
            "0.missing": learned,
        }
    else:
        found = {"0.value": lambda: model.num_missing[0, 0][gaps]}
    found["1.weight"] = lambda: model.cat_emb[0]
    place = 2
    for layer in model.mlp:
        kind = type(layer).__name__
        if kind == "Scale":
            found[f"{place}.scale"] = lambda layer=layer: layer.scale[0, 0]
            place += 1
        elif kind == "Weight":
            found[f"{place}.weight"] = lambda layer=layer: layer.weight[0]
        elif kind == "Bias":
            found[f"{place}.bias"] = lambda layer=layer: layer.bias[0, 0]
            place += 1
        elif kind == "Activation":
            if layer.weight is not None:
                found[f"{place}.amount"] = lambda layer=layer: layer.weight[0, 0]
            place += 1
        elif preset == "td":  # dropout, which the simple form has not
            place += 1
    return found


write("pytabkit_layers", SOURCE, list(layers()))
write("pytabkit_activations", SOURCE, list(activations()))
write("pytabkit_schedules", SOURCE, list(schedules()))
write("pytabkit_columns", SOURCE, list(column_cases()))
write("pytabkit_trainings", SOURCE, list(trainings()))
