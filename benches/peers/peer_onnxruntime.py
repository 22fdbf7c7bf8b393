"""ONNX Runtime: inference only, `Gemm` and `Relu` nodes, input and output bound once."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import measure


def model(work):
    """The network as an ONNX model, weights `[out, in]` as PyTorch exports them."""
    random = np.random.default_rng(0)
    nodes, weights, value = [], [], "x"
    last = len(work.widths) - 2
    for i, (inputs, outputs) in enumerate(zip(work.widths, work.widths[1:])):
        bound = inputs**-0.5
        for name, shape in ((f"w{i}", (outputs, inputs)), (f"b{i}", (outputs,))):
            weights.append(numpy_helper.from_array(random.uniform(-bound, bound, shape).astype(np.float32), name))
        nodes.append(helper.make_node("Gemm", [value, f"w{i}", f"b{i}"], [f"z{i}"], transB=1))
        value = f"z{i}"
        if i < last:
            nodes.append(helper.make_node("Relu", [value], [f"a{i}"]))
            value = f"a{i}"
    tensor = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])
    ends = [tensor("x", work.widths[0])], [tensor(value, work.widths[-1])]
    graph = helper.make_graph(nodes, "network", *ends, weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return made


def infer(work, options):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    made = model(work)
    session = onnxruntime.InferenceSession(made.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    samples = measure.data(work)[0]
    binding = session.io_binding()
    binding.bind_cpu_input("x", samples)
    output = onnxruntime.OrtValue.ortvalue_from_shape_and_type([1, work.widths[-1]], np.float32)
    binding.bind_ortvalue_output(session.get_outputs()[0].name, output)

    def step():
        session.run_with_iobinding(binding)
        return output.numpy()

    measure.report("onnxruntime", work, options, step)


def main():
    options = measure.options()
    for work in options.works:
        if work.optimizer:
            measure.skip("onnxruntime", work, options, "the package only infers")
        else:
            infer(work, options)


main()
