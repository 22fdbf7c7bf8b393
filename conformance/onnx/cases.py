"""ONNX's own node tests, as its package ships them, for every operator that has a counterpart here.

Run with the packages of `conformance/requirements.txt`: onnx 1.22.0 is the last whose wheel has the case files. The
tensors are read and written as they are; nothing is computed, except for two things that keep the file small: of a
result of more than `LONG` numbers every `EVERY`-th is written, and a long input of an element-wise function is thinned
together with its result. What is not taken is listed in the file with the reason.
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import numbers, write  # noqa: E402

NODES = Path(onnx.__file__).parent / "backend" / "test" / "data" / "node"
LONG, EVERY = 1000, 17
MOST_AXES = 6

POINTWISE = (
    "Abs Atan Celu Clip Cos Elu Erf Exp Gelu HardSigmoid HardSwish Identity LeakyRelu Log Mish Neg "
    "Reciprocal Relu Selu Shrink Sigmoid Sin Softplus Softsign Sqrt Swish Tanh ThresholdedRelu"
).split()
LOSSES = ["NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"]
OPTIMIZERS = ["Adagrad", "Adam", "Momentum"]
OTHERS = (
    "Add ArgMax ArgMin BatchNormalization Concat Div Dropout Expand Flatten Gather Gemm GlobalAveragePool "
    "GlobalMaxPool Greater GroupNormalization Hardmax InstanceNormalization LayerNormalization Less LogSoftmax "
    "LpNormalization MatMul Max Mean MeanVarianceNormalization Min Mul PRelu Pow RMSNormalization ReduceL1 ReduceL2 "
    "ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare Reshape Slice Softmax Split "
    "Squeeze Sub Sum Transpose Unsqueeze Where"
).split()
TAKEN = {*POINTWISE, *LOSSES, *OPTIMIZERS, *OTHERS}

# The inputs that are numbers to compute with, where others name a condition, places or a shape; by default all.
DATA = {
    **dict.fromkeys(LOSSES, [0, 2]),
    **dict.fromkeys(OPTIMIZERS, [0, 2]),
    **{op: [0] for op in OTHERS if op.startswith("Reduce")},
    **dict.fromkeys(["Dropout", "Expand", "Gather", "Reshape", "Slice", "Split", "Squeeze", "Unsqueeze"], [0]),
    "Where": [1, 2],
}


def main():
    cases, skipped, others, total = [], [], Counter(), 0
    for folder in sorted(NODES.iterdir()):
        # An expanded case is another's function written out in further operators: the same numbers.
        if not (folder / "model.onnx").exists() or "_expanded" in folder.name:
            continue
        total += 1
        graph = onnx.load(folder / "model.onnx").graph
        op = " and ".join(sorted({node.op_type for node in graph.node}))
        if op not in TAKEN:
            others[op] += 1
            continue
        if not all(value.type.HasField("tensor_type") for value in [*graph.input, *graph.output]):
            skipped.append({"name": folder.name, "cases": 1, "why": "its values are not tensors"})
            continue
        [node] = graph.node
        attributes = {a.name: plain(onnx.helper.get_attribute_value(a)) for a in node.attribute}
        inputs, outputs = read(folder, "input", node.input), read(folder, "output", node.output)
        why = why_not(op, attributes, inputs, outputs)
        if why:
            skipped.append({"name": folder.name, "cases": 1, "why": why})
        else:
            cases.append(case(folder.name, op, attributes, inputs, outputs))
    for op, count in sorted(others.items()):
        skipped.append({"name": op, "cases": count, "why": "chainrule has no such operation"})
    assert total == len(cases) + sum(entry["cases"] for entry in skipped)
    source = f"ONNX {onnx.__version__} (node tests)"
    write("onnx_nodes", source, cases, skipped=skipped, tensors=share(cases))


def plain(value):
    return value.decode() if isinstance(value, bytes) else value


def read(folder, kind, names):
    """The tensors of a case, with None for an optional one that is left out."""
    tensors, files = folder / "test_data_set_0", iter(range(len(names)))
    return [load(tensors / f"{kind}_{next(files)}.pb") if name else None for name in names]


def load(file):
    return numpy_helper.to_array(onnx.TensorProto.FromString(file.read_bytes()))


def why_not(op, attributes, inputs, outputs):
    """Why a case cannot be expressed, if it cannot."""
    data = [inputs[i] for i in DATA.get(op, range(len(inputs))) if i < len(inputs) and inputs[i] is not None]
    kinds = sorted({str(array.dtype) for array in data} - {"float32", "float64"})
    if kinds:
        return f"numbers are float32 or float64 here, not {' and '.join(kinds)}"
    if attributes.get("select_last_index"):
        return "of several equal numbers the first is found here, never the last"
    if op == "MatMul" and inputs[1].ndim > 2:
        return "there is no product of many matrices by many others"
    if op == "Slice" and len(inputs) > 4 and any(inputs[4] != 1):
        return "a slice is a range without steps here"
    if op == "Dropout" and len(inputs) > 2 and inputs[2] and inputs[1] > 0:
        return "the mask is drawn by NumPy's generator"
    if op == "Clip" and all(bound is not None for bound in inputs) and len(inputs) > 2 and inputs[1] > inputs[2]:
        return "a lower bound above the upper one is an error here"
    return None


def case(name, op, attributes, inputs, outputs):
    if op in POINTWISE and inputs[0].size > LONG:
        inputs[0], outputs[0] = inputs[0].ravel()[::EVERY], outputs[0].ravel()[::EVERY]
    if op in LOSSES and inputs[0].ndim > MOST_AXES:
        # A loss treats all axes behind the classes alike: they become one.
        classes = inputs[0].shape[:2]
        inputs[0], inputs[1] = inputs[0].reshape(*classes, -1), inputs[1].reshape(classes[0], -1)
        outputs = [out.reshape(*shape, -1) if out.ndim else out for out, shape in zip(outputs, [classes[:1], classes])]
    return {
        "name": name,
        "op": op,
        "attributes": attributes,
        "inputs": [tensor(array, 1) for array in inputs],
        "outputs": [tensor(array, EVERY if array.size > LONG else 1) for array in outputs],
    }


def tensor(array, every):
    if array is None:
        return None
    values = numbers(array.ravel()[::every].tolist())
    if array.dtype == np.float32:
        # The shortest text that names the number among those of 32 bits.
        values = [x if isinstance(x, (str, int)) else float(str(np.float32(x))) for x in values]
    return {"dtype": str(array.dtype), "shape": list(array.shape), "every": every, "values": values}


def share(cases):
    """Moves tensors that several cases have into a list, and leaves their places in it."""
    lists = [case[key] for case in cases for key in ("inputs", "outputs")]
    counts = Counter(repr(tensor) for tensors in lists for tensor in tensors if tensor and len(tensor["values"]) > 16)
    places, shared = {}, []
    for tensors in lists:
        for i, tensor in enumerate(tensors):
            key = repr(tensor)
            if counts[key] > 1:
                if key not in places:
                    places[key] = len(shared)
                    shared.append(tensor)
                tensors[i] = places[key]
    return shared


if __name__ == "__main__":
    main()
