"""scikit-learn: `MLPClassifier.partial_fit` on one batch, and `predict_proba` of one sample.

Beyond the step this includes what the class cannot leave out: checking and converting the input, one-hot coding of the
labels, its L2 term (of weight 0), and in inference the softmax.
"""

import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier

import measure

warnings.filterwarnings("ignore")


def classifier(work):
    sgd = work.optimizer != "adam"
    return MLPClassifier(
        hidden_layer_sizes=work.widths[1:-1],
        activation="logistic" if work.activation == "sigmoid" else work.activation,
        solver="sgd" if sgd else "adam",
        alpha=0.0,
        batch_size=work.batch,
        learning_rate_init=measure.LEARNING_RATE if sgd else measure.ADAM_LEARNING_RATE,
        momentum=0.9 if work.optimizer == "momentum" else 0.0,
        nesterovs_momentum=False,
        shuffle=False,
        random_state=0,
    )


def main():
    options = measure.options()
    for work in options.works:
        samples, labels = measure.data(work)
        classes = np.arange(work.widths[-1])
        model = classifier(work).partial_fit(samples, labels, classes=classes)
        assert all(weight.dtype == np.float32 for weight in model.coefs_)
        assert model.t_ == work.batch, "one call is one step"

        def step():
            model.partial_fit(samples, labels)
            return model.loss_

        run = step if work.optimizer else lambda: model.predict_proba(samples)
        measure.report("scikit-learn", work, options, run)


main()
