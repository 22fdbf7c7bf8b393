"""Metrics by scikit-learn: `python conformance/scikit_learn/metrics.py`."""

import sys
import warnings
from pathlib import Path

import numpy as np
import scipy.special
import sklearn
from sklearn import metrics as sk

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import common

warnings.filterwarnings("ignore")
RNG = np.random.default_rng(20)
CASES = []


def case(name, config, kind, outputs, targets, expected, **more):
    """A case; `single` is what the same numbers in float32 give, where that is not the same."""
    CASES.append(
        {
            "name": name,
            "config": config,
            "kind": kind,
            "outputs": common.tensor(np.asarray(outputs)),
            "targets": common.tensor(np.asarray(targets)),
            "expected": common.number(expected),
            **more,
        }
    )


def logits_of(samples, classes, step=None):
    """Numbers that float32 holds exactly; with a step, a grid with many ties."""
    x = RNG.normal(0, 2, (samples, classes))
    return np.round(x / step) * step if step else x.astype(np.float32).astype(np.float64)


def softmax(x):
    return scipy.special.softmax(x, axis=1)


def quarters(samples, classes):
    """Probabilities in steps of 1/16 that sum to 1 exactly, with many ties, zeros and ones."""
    return RNG.multinomial(16, RNG.dirichlet(np.full(classes, 0.3), samples)) / 16


# ------------------------------------------------------------------------------------------------ decisions on classes


def argmax(x):
    return np.argmax(x, axis=1)


def on_decisions(name, outputs, y, kind="classes", targets=None):
    targets = y if targets is None else targets
    predicted = argmax(outputs)
    classes = outputs.shape[1]
    add = lambda config, value: case(f"{config} {name}", config, kind, outputs, targets, value)
    add("accuracy", sk.accuracy_score(y, predicted))
    matrix = sk.confusion_matrix(y, predicted, labels=range(classes))
    case(f"confusion_matrix {name}", "confusion_matrix", kind, outputs, targets, sk.accuracy_score(y, predicted),
         matrix=common.numbers(matrix.ravel()))
    add("balanced_accuracy", sk.balanced_accuracy_score(y, predicted))
    add("matthews_correlation", sk.matthews_corrcoef(y, predicted))
    add("cohen_kappa", sk.cohen_kappa_score(y, predicted))
    scores = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
    for metric, score in scores.items():
        for average in ["macro", "micro", "weighted"]:
            add(f"{metric}(average={average})", score(y, predicted, average=average))
        for c in {0, classes - 1}:
            value = score(y, predicted, labels=[c], average=None)[0]
            add(f"{metric}(class={c})", value)
    for k in [1, 2, 5]:
        if k < classes:
            value = sk.top_k_accuracy_score(y, outputs if classes > 2 else outputs[:, 1], k=k, labels=range(classes))
            if classes > 2:
                add(f"top_k_accuracy(k={k})", value)


on_decisions("of 5 classes", logits_of(40, 5), RNG.integers(0, 5, 40))
on_decisions("of 7 classes with ties", logits_of(50, 7, 2.0), RNG.integers(0, 7, 50))
on_decisions("of 2 classes", logits_of(30, 2), RNG.integers(0, 2, 30))
x = logits_of(30, 4)
x[:, 2] = -9.0
on_decisions("with a class never predicted", x, RNG.integers(0, 4, 30))
on_decisions("with a class absent from the targets", logits_of(30, 4), RNG.choice([0, 1, 3], 30))
on_decisions("with a class that does not occur", x, RNG.choice([0, 1, 3], 30))
on_decisions("of one class alone", logits_of(12, 3), np.full(12, 1))
x = np.tile([0.0, 1.0, 0.0], (12, 1))
on_decisions("of one class alone, always predicted", x, np.full(12, 1))
on_decisions("with one class always predicted", x, RNG.integers(0, 3, 12))
on_decisions("of a single sample", logits_of(1, 3), np.array([2]))
soft = RNG.dirichlet(np.ones(4), 25)
on_decisions("with soft targets", logits_of(25, 4), argmax(soft), "probabilities", soft)

# ------------------------------------------------------------------------------------------------- decisions on labels


def on_labels(name, outputs, y, threshold=None):
    predicted = (outputs >= (threshold or 0)).astype(int)

    def add(config, value, decides=True):
        if decides and threshold is not None:
            config = config.replace(")", f", threshold={threshold})") if "(" in config else f"{config}(threshold={threshold})"
        case(f"{config} {name}", config, "labels", outputs, y, value)

    add("exact_match", sk.accuracy_score(y, predicted))
    add("hamming_loss", sk.hamming_loss(y, predicted))
    add("label_accuracy", 1 - sk.hamming_loss(y, predicted))
    add("label_ranking_average_precision", sk.label_ranking_average_precision_score(y, outputs), decides=False)
    scores = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
    for metric, score in scores.items():
        for average in ["macro", "micro", "weighted", "samples"]:
            add(f"{metric}(average={average})", score(y, predicted, average=average))
        add(f"{metric}(class=0)", score(y, predicted, labels=[0], average=None)[0])


def labels(samples, count, share=0.4):
    return (RNG.random((samples, count)) < share).astype(int)


on_labels("of 5 labels", logits_of(30, 5), labels(30, 5))
on_labels("of 6 labels with ties", logits_of(40, 6, 1.0), labels(40, 6))
y = labels(20, 4)
y[:, 1], y[:, 2] = 0, 1
on_labels("with labels never and always given", logits_of(20, 4), y)
on_labels("with no label given", logits_of(10, 3), np.zeros((10, 3), int))
on_labels("with no label predicted", -np.abs(logits_of(10, 3)) - 1, labels(10, 3))
on_labels("of samples without labels", logits_of(20, 3), labels(20, 3, 0.1))
on_labels("of a single sample", logits_of(1, 4), np.array([[1, 0, 1, 0]]))

# ------------------------------------------------------------------------------------------------------------- ranking


def one_hot(y, classes):
    return np.eye(classes, dtype=int)[y]


def rank(config, name, outputs, y, p):
    """One column against another: for each column by itself, so that a class that does not occur has its value."""
    columns = range(1, 2) if y.ndim == 1 and p.shape[1] == 2 else range(p.shape[1])
    truth = one_hot(y, p.shape[1]) if y.ndim == 1 else y
    kind = "classes" if y.ndim == 1 else "labels"
    auc = np.mean([sk.roc_auc_score(truth[:, c], p[:, c]) for c in columns])
    precision = np.mean([sk.average_precision_score(truth[:, c], p[:, c]) for c in columns])
    case(f"roc_auc {name}", f"roc_auc{config}", kind, outputs, y, auc)
    case(f"average_precision {name}", f"average_precision{config}", kind, outputs, y, precision)


def check_whole(y, p):
    """That the means over columns are what scikit-learn gives for the whole, where it takes it."""
    columns = [sk.roc_auc_score(one_hot(y, p.shape[1])[:, c], p[:, c]) for c in range(p.shape[1])]
    assert np.isclose(np.mean(columns), sk.roc_auc_score(y, p, multi_class="ovr", average="macro"), rtol=1e-14)
    columns = [sk.average_precision_score(one_hot(y, p.shape[1])[:, c], p[:, c]) for c in range(p.shape[1])]
    assert np.isclose(np.mean(columns), sk.average_precision_score(y, p, average="macro"), rtol=1e-14)


GIVEN = "(input=probabilities)"
x, y = logits_of(50, 2), RNG.integers(0, 2, 50)
rank("", "of 2 classes", x, y, softmax(x))
x, y = logits_of(50, 5), RNG.integers(0, 5, 50)
check_whole(y, softmax(x))
rank("", "of 5 classes", x, y, softmax(x))
p, y = quarters(60, 2), RNG.integers(0, 2, 60)
rank(GIVEN, "of 2 classes with ties", p, y, p)
p, y = quarters(60, 4), RNG.integers(0, 4, 60)
check_whole(y, p)
rank(GIVEN, "of 4 classes with ties", p, y, p)
rank(GIVEN, "with a class absent from the targets", p, y % 3, p)
p = np.full((20, 2), 0.5)
rank(GIVEN, "with all scores equal", p, RNG.integers(0, 2, 20), p)
p = quarters(20, 2)
rank(GIVEN, "of the second class alone", p, np.ones(20, int), p)
rank(GIVEN, "of the first class alone", p, np.zeros(20, int), p)
rank(GIVEN, "of a single sample", p[:1], np.ones(1, int), p[:1])
x, y = logits_of(50, 4), labels(50, 4)
rank("", "of 4 labels", x, y, x)
x = logits_of(60, 3, 1.0)
rank("", "of 3 labels with ties", x, labels(60, 3), x)
y = labels(20, 3)
y[:, 1] = 0
rank("", "with a label never given", x[:20], y, x[:20])

# ------------------------------------------------------------------------------------------------------- probabilities


def brier(y, p):
    return sk.brier_score_loss(y, p, labels=range(p.shape[1])) if p.shape[1] > 2 else sk.brier_score_loss(y, p[:, 1])


def calibration(y, p, bins):
    """By its definition; scikit-learn has none."""
    confidence, right = p.max(axis=1), argmax(p) == y
    error = 0.0
    for b in range(bins):
        inside = (np.ceil(confidence * bins) == b + 1) if b else (np.ceil(confidence * bins) <= 1)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


def on_probabilities(name, config, outputs, y, p):
    single = sk.log_loss(y, p.astype(np.float32), labels=range(p.shape[1]))
    inside = "" if not config else config[1:-1] + ", "
    case(f"log_loss {name}", f"log_loss{config}", "classes", outputs, y, sk.log_loss(y, p, labels=range(p.shape[1])),
         **({"single": common.number(single)} if config else {}))
    case(f"brier_score {name}", f"brier_score{config}", "classes", outputs, y, brier(y, p))
    for bins in [4, 15]:
        case(f"expected_calibration_error, {bins} bins, {name}", f"expected_calibration_error({inside}bins={bins})",
             "classes", outputs, y, calibration(y, p, bins))


for classes in [2, 3, 6]:
    x, y = logits_of(40, classes), RNG.integers(0, classes, 40)
    on_probabilities(f"of logits of {classes} classes", "", x, y, softmax(x))
    p = quarters(40, classes)
    on_probabilities(f"of {classes} classes with zeros and ones", GIVEN, p, y, p)
on_probabilities("with a class absent from the targets", "", x, y % 4, softmax(x))
on_probabilities("of one class alone", "", x, np.full(40, 2), softmax(x))
on_probabilities("of a single sample", "", x[:1], y[:1], softmax(x[:1]))
x, y = logits_of(30, 3), labels(30, 3)
p = scipy.special.expit(x)
mean = lambda f: np.mean([f(y[:, c], p[:, c]) for c in range(3)])
case("log_loss of logits of labels", "log_loss", "labels", x, y, mean(lambda t, p: sk.log_loss(t, p, labels=[0, 1])))
case("brier_score of logits of labels", "brier_score", "labels", x, y, mean(sk.brier_score_loss))
p = RNG.integers(0, 17, (30, 3)) / 16
case("log_loss of probabilities of labels", f"log_loss{GIVEN}", "labels", p, y,
     mean(lambda t, p: sk.log_loss(t, p, labels=[0, 1])),
     single=common.number(np.mean([sk.log_loss(y[:, c], p[:, c].astype(np.float32), labels=[0, 1]) for c in range(3)])))
case("brier_score of probabilities of labels", f"brier_score{GIVEN}", "labels", p, y, mean(sk.brier_score_loss))

# -------------------------------------------------------------------------------------------------------------- values


def on_values(name, p, t):
    case(f"mean_squared_error {name}", "mean_squared_error", "values", p, t, sk.mean_squared_error(t, p))
    case(f"mean_absolute_error {name}", "mean_absolute_error", "values", p, t, sk.mean_absolute_error(t, p))
    case(f"r2 {name}", "r2", "values", p, t, sk.r2_score(t, p))


STEP = 1 / 64
on_values("of one output", logits_of(40, 1, STEP), logits_of(40, 1, STEP))
t = logits_of(40, 4, STEP)
on_values("of 4 outputs", t + logits_of(40, 4, STEP), t)
on_values("without error", t, t)
t = logits_of(20, 3, STEP)
t[:, 0], t[:, 1] = 2.0, -0.5
p = logits_of(20, 3, STEP)
p[:, 1] = -0.5
on_values("of constant targets", p, t)
on_values("of a single sample", p[:1], t[:1])
on_values("far from zero", 4096.0 + t, 4096.5 + np.round(t))

# Last, so that what is drawn for the others stays as it is.
on_labels("of probabilities", RNG.integers(0, 17, (30, 5)) / 16, labels(30, 5), threshold=0.5)

common.write("scikit_learn_metrics", f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}", CASES)
