"""Losses of PyTorch: values of each reduction, and gradients by prediction and target."""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import tensor, write

torch.manual_seed(7)
CASES = []
FAR = torch.tensor([[1e4, -1e4, 0.0, 100.0], [-100.0, 1e4, 1e4, -1e4], [0.0, 0.0, 0.0, 0.0], [30.0, -30.0, 1.0, -1.0]])


def exact(x):
    """The same numbers in f32 and f64, so that both compute the same."""
    return x.float().double()


def draw(*shape, low=-3.0, high=3.0):
    return exact(torch.rand(*shape) * (high - low) + low)


def reduced(values, reduction):
    return {"none": values, "mean": values.mean(), "sum": values.sum()}[reduction]


def add(name, config, loss, prediction, target, by_target=False, as_target=None):
    """A case for each reduction; `loss(prediction, target, reduction)`. `as_target` is the target in this library's form."""
    for reduction in ("none", "mean", "sum"):
        p = exact(prediction).clone().requires_grad_()
        t = exact(target).clone().requires_grad_() if by_target else target
        value = loss(p, t, reduction)
        # With each value of its own weight, an error in one place cannot hide behind another.
        seed = exact(torch.linspace(0.5, 1.5, value.numel())).reshape(value.shape)
        value.backward(seed)
        case = {
            "name": f"{name}, {reduction}",
            "config": config,
            "reduction": reduction,
            "prediction": tensor(p),
            "target": tensor(as_target if as_target is not None else t),
            "seed": tensor(seed),
            "value": tensor(value),
            "by_prediction": tensor(p.grad),
        }
        if by_target:
            case["by_target"] = tensor(t.grad)
        CASES.append(case)


def values():
    near, far = (draw(3, 4), draw(3, 4)), (exact(FAR), exact(FAR.flip(0)))
    kinks = (torch.tensor([[1.0, 0.5, -1.0, 0.0, 2.0]]).double(), torch.tensor([[0.0, 0.0, 0.0, 0.0, 2.0]]).double())
    log_cosh = lambda p, t, r: reduced(torch.logaddexp(p - t, t - p) - torch.log(torch.tensor(2.0).double()), r)
    for config, loss in [
        ("mse", lambda p, t, r: F.mse_loss(p, t, reduction=r)),
        ("l1", lambda p, t, r: F.l1_loss(p, t, reduction=r)),
        ("huber", lambda p, t, r: F.huber_loss(p, t, reduction=r)),
        ("huber(delta=0.5)", lambda p, t, r: F.huber_loss(p, t, reduction=r, delta=0.5)),
        ("smooth_l1", lambda p, t, r: F.smooth_l1_loss(p, t, reduction=r)),
        ("smooth_l1(beta=0.5)", lambda p, t, r: F.smooth_l1_loss(p, t, reduction=r, beta=0.5)),
        ("smooth_l1(beta=0)", lambda p, t, r: F.smooth_l1_loss(p, t, reduction=r, beta=0.0)),
        ("log_cosh", log_cosh),
    ]:
        for where, (p, t) in [("near", near), ("far", far), ("at kinks", kinks)]:
            add(f"{config}, {where}", config, loss, p, t, by_target=True)
        add(f"{config}, three axes", config, loss, draw(2, 3, 2), draw(2, 3, 2), by_target=True)


def classes():
    weights = [1.0, 2.0, 0.5, 4.0]
    w = torch.tensor(weights).double()
    near, indices = draw(6, 4), torch.tensor([0, 3, 1, 2, 3, 3])
    soft = exact(torch.softmax(draw(6, 4), 1))
    soft[1] = torch.tensor([0.0, 1.0, 0.0, 0.0])
    far, far_indices = exact(FAR), torch.tensor([0, 3, 2, 1])
    settings = [
        ("", {}),
        ("label_smoothing=0.1", {"label_smoothing": 0.1}),
        ("label_smoothing=1", {"label_smoothing": 1.0}),
        ("weights=[1, 2, 0.5, 4]", {"weight": w}),
        ("label_smoothing=0.25, weights=[1, 2, 0.5, 4]", {"label_smoothing": 0.25, "weight": w}),
        ("weights=[1, 0, 0.5, 0]", {"weight": torch.tensor([1.0, 0.0, 0.5, 0.0]).double()}),
    ]
    ignoring = [
        ("ignore_index=3", {"ignore_index": 3}),
        ("weights=[1, 2, 0.5, 4], ignore_index=3", {"weight": w, "ignore_index": 3}),
        ("label_smoothing=0.1, ignore_index=1", {"label_smoothing": 0.1, "ignore_index": 1}),
        (
            "label_smoothing=0.1, weights=[1, 2, 0.5, 4], ignore_index=3",
            {"label_smoothing": 0.1, "weight": w, "ignore_index": 3},
        ),
    ]
    for text, options in settings + ignoring:
        config = f"cross_entropy({text})"
        loss = lambda p, t, r: F.cross_entropy(p, t, reduction=r, **options)
        add(f"{config}, indices", config, loss, near, indices)
        add(f"{config}, far", config, loss, far, far_indices)
        if "ignore_index" not in options:
            add(f"{config}, probabilities", config, loss, near, soft, by_target=True)
            add(f"{config}, far, probabilities", config, loss, far, soft[:4], by_target=True)
    for text, options in [settings[0], settings[3], settings[5]] + ignoring[:2]:
        config = f"nll({text})"
        loss = lambda p, t, r: F.nll_loss(p, t, reduction=r, **options)
        add(config, config, loss, torch.log_softmax(near, 1), indices)
        add(f"{config}, far", config, loss, torch.log_softmax(far, 1), far_indices)
    for entry, loss in [("cross_entropy", F.cross_entropy), ("nll", F.nll_loss)]:
        config = f"{entry}(ignore_index=2)"
        everything = torch.full((6,), 2)
        add(f"{config}, all ignored", config, lambda p, t, r: loss(p, t, reduction=r, ignore_index=2), near, everything)
        config = f"{entry}(ignore_index=-100)"
        some = torch.tensor([0, -100, 1, 2, -100, 3])
        add(config, config, lambda p, t, r: loss(p, t, reduction=r), near, some)
    axes = lambda p, t, r: F.cross_entropy(p.movedim(-1, 1), t, reduction=r, label_smoothing=0.1)
    add("cross_entropy, three axes", "cross_entropy(label_smoothing=0.1)", axes, draw(2, 3, 5), torch.randint(0, 5, (2, 3)))
    plain = lambda p, t, r: F.cross_entropy(p.movedim(-1, 1), t, reduction=r)
    add("cross_entropy, plain, three axes", "cross_entropy", plain, draw(2, 3, 5), torch.randint(0, 5, (2, 3)))
    add("cross_entropy, one class", "cross_entropy", plain, draw(3, 1), torch.zeros(3, dtype=torch.long))

    def focal(gamma):
        def loss(p, t, r):
            log = torch.log_softmax(p, 1).gather(1, t[:, None])[:, 0]
            return reduced(-((1 - log.exp()) ** gamma) * log, r)

        return loss

    for config, gamma in [("softmax_focal", 2), ("softmax_focal(gamma=0.5)", 0.5), ("softmax_focal(gamma=0)", 0)]:
        add(config, config, focal(gamma), near, indices)
    add("softmax_focal, far", "softmax_focal", focal(2), far, far_indices)

    for text, options in [
        ("", {}),
        ("p=2", {"p": 2}),
        ("margin=0.5", {"margin": 0.5}),
        ("weights=[1, 2, 0.5, 4]", {"weight": w}),
        ("p=2, margin=2, weights=[1, 2, 0.5, 4]", {"p": 2, "margin": 2.0, "weight": w}),
    ]:
        config = f"multi_class_margin({text})"
        loss = lambda p, t, r: F.multi_margin_loss(p, t, reduction=r, **options)
        add(config, config, loss, near, indices)
        add(f"{config}, far", config, loss, far, far_indices)
    ties = torch.tensor([[1.0, 0.0, 0.0, 0.5]]).double()
    add("multi_class_margin, at the margin", "multi_class_margin", lambda p, t, r: F.multi_margin_loss(p, t, reduction=r), ties, torch.tensor([0]))


def divergences():
    p = exact(torch.log_softmax(draw(3, 4), 1))
    soft = exact(torch.softmax(draw(3, 4), 1))
    hard = torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.5, 0.0]]).double()
    loss = lambda p, t, r: F.kl_div(p, t, reduction=r)
    add("kl_divergence", "kl_divergence", loss, p, soft, by_target=True)
    add("kl_divergence, zeros", "kl_divergence", loss, p, hard)
    add("kl_divergence, far", "kl_divergence", loss, exact(torch.log_softmax(FAR[:3], 1)), soft, by_target=True)
    config, loss = "kl_divergence(log_target=true)", lambda p, t, r: F.kl_div(p, t, reduction=r, log_target=True)
    add(config, config, loss, p, soft.log(), by_target=True)
    add(f"{config}, far", config, loss, p, exact(torch.log_softmax(FAR[:3], 1)), by_target=True)


def labels():
    weights = [1.0, 3.0, 0.5, 0.0]
    w = torch.tensor(weights).double()
    soft, hard = draw(4, 4, low=0.0, high=1.0), (torch.rand(4, 4) < 0.5).double()
    near, far = draw(4, 4), exact(FAR)
    for text, options in [
        ("", {}),
        ("weights=[1, 3, 0.5, 0]", {"weight": w}),
        ("pos_weights=[1, 3, 0.5, 0]", {"pos_weight": w}),
        ("weights=[1, 3, 0.5, 0], pos_weights=[2, 0.5, 1, 1]", {"weight": w, "pos_weight": torch.tensor([2, 0.5, 1, 1]).double()}),
    ]:
        config = f"bce_with_logits({text})"
        loss = lambda p, t, r: F.binary_cross_entropy_with_logits(p, t, reduction=r, **options)
        add(config, config, loss, near, soft, by_target=True)
        add(f"{config}, far", config, loss, far, hard, by_target=True)
        add(f"{config}, far, soft", config, loss, far, soft, by_target=True)
    certain = torch.tensor([[0.0, 1.0, 0.0, 1.0], [0.5, 1.0, 0.25, 1e-30]]).double()
    answers = torch.tensor([[0.0, 1.0, 1.0, 0.0], [1.0, 0.5, 0.5, 1.0]]).double()
    for text, options in [("", {}), ("weights=[1, 3, 0.5, 0]", {"weight": w})]:
        config = f"bce({text})"
        loss = lambda p, t, r: F.binary_cross_entropy(p, t, reduction=r, **options)
        add(config, config, loss, draw(4, 4, low=0.02, high=0.98), soft, by_target=True)
        add(f"{config}, certain", config, loss, certain, answers)
        config = f"multi_label_soft_margin({text})"
        loss = lambda p, t, r: F.multilabel_soft_margin_loss(p, t, reduction=r, **options)
        add(config, config, loss, near, soft, by_target=True)
        add(f"{config}, far", config, loss, far, hard, by_target=True)

    def focal(alpha, gamma):
        # The definition of torchvision.ops.sigmoid_focal_loss.
        def loss(p, t, r):
            probability = torch.sigmoid(p)
            entropy = F.binary_cross_entropy_with_logits(p, t, reduction="none")
            right = probability * t + (1 - probability) * (1 - t)
            values = entropy * (1 - right) ** gamma
            if alpha is not None:
                values = (alpha * t + (1 - alpha) * (1 - t)) * values
            return reduced(values, r)

        return loss

    for config, alpha, gamma in [
        ("focal", 0.25, 2),
        ("focal(alpha=none)", None, 2),
        ("focal(alpha=0.75, gamma=1)", 0.75, 1),
        ("focal(gamma=0.5)", 0.25, 0.5),
        ("focal(gamma=0)", 0.25, 0),
    ]:
        add(config, config, focal(alpha, gamma), near, soft, by_target=True)
        add(f"{config}, hard", config, focal(alpha, gamma), near, hard, by_target=True)
    add("focal, far", "focal", focal(0.25, 2), far, hard, by_target=True)

    def indices(hot):
        """PyTorch's form: the indices of the labels, then -1."""
        rows = torch.full(hot.shape, -1)
        for row, labels in zip(rows, hot):
            chosen = labels.nonzero()[:, 0]
            row[: len(chosen)] = chosen
        return rows

    loss = lambda p, t, r: F.multilabel_margin_loss(p, t, reduction=r)
    hot = torch.tensor([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]).double()
    for where, p, t in [("near", near, hot), ("random", near, hard), ("far", far, hard), ("ties", torch.zeros(4, 4).double(), hot)]:
        add(f"multi_label_margin, {where}", "multi_label_margin", loss, p, indices(t), as_target=t)


def signs():
    near, far = draw(4, 4), exact(FAR)
    t = torch.where(torch.rand(4, 4) < 0.5, -1.0, 1.0).double()
    at_margin = torch.tensor([[1.0, -1.0, 0.5, 2.0]]).double()
    # A hinge is no loss of PyTorch: by its definition, with PyTorch's relu.
    for config, loss in [
        ("hinge", lambda p, t, r: reduced(torch.relu(1 - t * p), r)),
        ("hinge(margin=0.5)", lambda p, t, r: reduced(torch.relu(0.5 - t * p), r)),
        ("squared_hinge", lambda p, t, r: reduced(torch.relu(1 - t * p) ** 2, r)),
        ("squared_hinge(margin=2)", lambda p, t, r: reduced(torch.relu(2 - t * p) ** 2, r)),
    ]:
        add(config, config, loss, near, t, by_target=True)
        add(f"{config}, far", config, loss, far, t, by_target=True)
        add(f"{config}, at the margin", config, loss, at_margin, torch.sign(at_margin), by_target=True)
    loss = lambda p, t, r: F.soft_margin_loss(p, t, reduction=r)
    add("soft_margin", "soft_margin", loss, near, t)
    # PyTorch's own overflows far out.
    loss = lambda p, t, r: reduced(-F.logsigmoid(t * p), r)
    add("soft_margin, far", "soft_margin", loss, far, t, by_target=True)

    for margin in (0.0, 0.5, -0.25):
        config = f"cosine_embedding(margin={margin})"
        loss = lambda p, t, r: F.cosine_embedding_loss(*p.chunk(2, 1), t, margin=margin, reduction=r)
        y = torch.tensor([1.0, -1.0, -1.0, 1.0, -1.0]).double()
        add(config, config, loss, draw(5, 6), y)
        pairs = torch.tensor([[0.0, 0, 0, 0], [0, 0, 1, 2], [1, 0, 0, 1], [1e4, 1, 1e4, -1], [1, 2, -1, -2]]).double()
        add(f"{config}, edges", config, loss, pairs, y)


def likelihoods():
    counts = torch.tensor([[0.0, 1.0, 2.0, 7.0], [0.0, 0.5, 1.5, 30.0], [3.0, 0.0, 1.0, 2.0]]).double()
    for log_input in (True, False):
        for full in (False, True):
            for eps in (1e-8, 1e-3):
                config = f"poisson_nll(log_input={log_input}, full={full}, eps={eps})".replace("T", "t").replace("F", "f")
                loss = lambda p, t, r: F.poisson_nll_loss(p, t, log_input, full, eps=eps, reduction=r)
                # By counts of zero the full one's gradient is NaN in PyTorch.
                add(config, config, loss, draw(3, 4) if log_input else draw(3, 4, low=0.1), counts, by_target=not full)
    add("poisson_nll, zero rate", "poisson_nll(log_input=false)", lambda p, t, r: F.poisson_nll_loss(p, t, False, reduction=r), torch.zeros(3, 4).double(), counts)
    far = torch.tensor([[-1e4, -100.0, 20.0, 0.0]]).double()
    add("poisson_nll, far", "poisson_nll", lambda p, t, r: F.poisson_nll_loss(p, t, reduction=r), far, counts[:1])

    mean, target = draw(3, 4), draw(3, 4)
    variance = draw(3, 4, low=0.2)
    tiny = torch.tensor([[0.0, 1e-7, 1e-3, 1.0], [1e4, 1e-6, 0.0, 2.0], [0.5, 0.5, 0.5, 0.5]]).double()
    for full in (False, True):
        for eps in (1e-6, 1e-2):
            config = f"gaussian_nll(full={str(full).lower()}, eps={eps})"

            def loss(p, t, r):
                m, v = p.chunk(2, 1)
                return F.gaussian_nll_loss(m, t, v, full=full, eps=eps, reduction=r)

            add(config, config, loss, torch.cat([mean, variance], 1), target, by_target=True)
            add(f"{config}, small variances", config, loss, torch.cat([mean, tiny], 1), target, by_target=True)

    def loss(p, t, r):
        m, s = p.chunk(2, 1)
        return F.gaussian_nll_loss(m, t, s.exp(), reduction=r)

    config = "gaussian_nll(log_variance=true)"
    add(config, config, loss, torch.cat([mean, draw(3, 4)], 1), target, by_target=True)


for group in (values, classes, divergences, labels, signs, likelihoods):
    group()
write("pytorch_losses", f"PyTorch {torch.__version__.split('+')[0]}", CASES)
