"""One network in the formats that others run: a torch.export program, and ONNX made from it.

Both take any number of nights of any number of segments, (B, 1, T*S) float32, and hold nothing of
the machine they were written on: torch notes the source line of every node, with its path.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import onnxscript.optimizer
import torch
from torch import nn
from torch.export import Dim, ExportedProgram

SAMPLES, LOGITS = "samples", "logits"
OF_SOURCE = ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node")
EVERYTHING = 1 << 40  # bytes of the largest constant that is worked out beforehand


def program_of(module: nn.Module, segment: int) -> ExportedProgram:
    """A module of one tensor as a program for any number of nights and of segments.

    Args:
        module: takes (B, 1, T*S) samples under the name "samples", in eval mode.
        segment: S, samples a segment.
    """
    nights, segments = Dim("nights"), Dim("segments")
    with quietly(), torch.no_grad():
        program = torch.export.export(
            module,
            (torch.zeros(2, 1, 4 * segment),),
            dynamic_shapes={SAMPLES: {0: nights, 2: segment * segments}},
            prefer_deferred_runtime_asserts_over_guards=True,
        )
    _allow_one(program, segment)
    for node in program.graph.nodes:
        for name in OF_SOURCE:
            node.meta.pop(name, None)
    program._example_inputs = None  # nobody's night, but torch would unpickle it on loading
    return program


def write_program(program: ExportedProgram, path: Path) -> None:
    """Write what `torch.export.load` reads."""
    with quietly():
        torch.export.save(program, path)


def write_onnx(program: ExportedProgram, path: Path) -> None:
    """Write it as ONNX: input "samples", output "logits", constants worked out."""
    with quietly():
        made = torch.onnx.export(
            program, input_names=[SAMPLES], output_names=[LOGITS], dynamo=True, verbose=False
        )
        assert made is not None
        onnxscript.optimizer.optimize_ir(
            made.model, input_size_limit=EVERYTHING, output_size_limit=EVERYTHING
        )
    write_stripped(made.model_proto, path)


def write_stripped(model: onnx.ModelProto, path: Path) -> None:
    """Write an ONNX model without what it tells of the code that it came from, once checked."""
    graph = model.graph
    del graph.value_info[:]
    told = [model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output]
    for part in told:
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    for value, names in ((graph.input[0], (0, 2)), (graph.output[0], (0, 2))):
        nights, length = (value.type.tensor_type.shape.dim[index] for index in names)
        nights.dim_param = "nights"
        length.dim_param = f"length of {value.name}"
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def _allow_one(program: ExportedProgram, segment: int) -> None:
    """Let a program take a single segment too.

    Torch takes dimensions of length 1 for a case of their own and asserts that there are none,
    though nothing in the network asks for it; that the answers are right is checked afterwards.
    """
    graph, check = program.graph, torch.ops.aten._assert_scalar.default
    for node in list(graph.nodes):
        if node.target is check and f", {segment}), 0)" not in str(node.args[1]):
            graph.erase_node(node)
    graph.eliminate_dead_code()
    program.graph_module.recompile()
    for symbol, found in list(program.range_constraints.items()):
        if found.lower == 2:
            program.range_constraints[symbol] = type(found)(1, found.upper)


@contextmanager
def quietly() -> Iterator[None]:
    """Nothing of what exporters say of themselves."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
