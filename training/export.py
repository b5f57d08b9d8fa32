"""Export a trained model to the folder that users load: ONNX beside the safetensors.

    python -m training.export --model runs/base/stage2 --output ie_model/weights

The safetensors hold fp16. The encoder's ONNX file has int8 matrices where the architecture is
one that `modernbert_onnx` writes (`--precision float` keeps them in fp16), so that its answers are
those of torch but for rounding; both are checked against torch before the folder is complete.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from ie_model.encoding import TextEncoder
from ie_model.model_folder import ENCODER_ONNX, LINKS_ONNX, SAFETENSORS, TOKENIZER, ModelFolder, Settings
from ie_model.relations import PAIR_FIELDS, PAIR_KINDS
from ie_model.runtime.modeling import SpanLinkModel
from ie_model.runtime.onnx import OnnxRuntime
from training.command import argument_parser, reported
from training.errors import TrainingError
from training.modeling import load_model, save_model
from training.modernbert_onnx import encoder_graph, is_supported
from training.quantize import calibration_texts, measure_activations
from training.smoothing import smoothed

#: Largest difference of a logit between torch and ONNX in float that an export may show.
TOLERANCE = 1e-3
#: Least share of the tokens of which int8 matrices must give the tag that float ones give.
TAG_AGREEMENT = 0.98
PRECISIONS = ("int8", "float")


class ExportError(TrainingError):
    """The exported files do not agree with the trained model, or it is not to be published."""


class _Encoder(nn.Module):
    def __init__(self, network: SpanLinkModel) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        logits, hidden = self.network(input_ids, attention_mask)
        return logits, hidden


def _store_as_fp16(path: Path) -> None:
    """Keep float initializers as fp16 behind a Cast, which runtimes fold away on loading.

    torch's notes on every node go: they quote the source files' paths.
    """
    model = onnx.load(str(path))
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < 256:
            continue
        half = numpy_helper.from_array(values.astype(np.float16), tensor.name + "_fp16")
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(half)
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *rest])
    for sidecar in path.parent.glob(path.name + ".data"):
        sidecar.unlink()
    onnx.save(model, str(path))


def _export(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    *,
    names: dict[str, list[str]],
    dynamic: dict[str, dict[int, str]],
) -> None:
    shapes = {
        name: {
            axis: torch.export.Dim(f"{name}_{axis}" if label is None else label, min=1, max=1 << 24)
            for axis, label in axes.items()
        }
        for name, axes in dynamic.items()
    }
    torch.onnx.export(
        module,
        inputs,
        str(path),
        input_names=names["inputs"],
        output_names=names["outputs"],
        dynamic_shapes=shapes,
        dynamo=True,
        optimize=True,
        external_data=False,
        verbose=False,
    )
    _store_as_fp16(path)


def export(model_folder: Path, output: Path, *, settings: Settings, precision: str = "float") -> dict[str, float]:
    """Write the publishable folder.

    Args:
        precision: "int8" quantizes the encoder's matrices; ExportError where its architecture
            is not one that can be.

    Returns:
        `difference`, the largest between ONNX and torch in float, and with int8 `tags`, the share
        of tokens that keep their tag.
    """
    network = load_model(model_folder)
    limit = network.classifier.config.max_position_embeddings
    if settings.window + 2 > limit:
        raise ExportError(f"{model_folder}: a window of {settings.window} and 2 special tokens exceeds its {limit}")
    output.parent.mkdir(parents=True, exist_ok=True)
    # What fails a check leaves the folder as it was.
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".export-") as made:
        folder = Path(made)
        save_model(network, folder, tokenizer=model_folder, settings=asdict(settings))
        network = load_model(folder)  # what was written, fp16 rounding included
        if is_supported(network):
            onnx.save(encoder_graph(network), str(folder / ENCODER_ONNX))
        else:
            _export_encoder(network, folder / ENCODER_ONNX)
        _export_links(network, folder / LINKS_ONNX)
        report = {"difference": check_parity(network, folder)}
        if precision == "int8":
            report["tags"] = _quantize(network, folder, window=settings.window)
        output.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.replace(output / path.name)
    return report


def _quantize(network: SpanLinkModel, folder: Path, *, window: int) -> float:
    """Put int8 matrices in the place of the float ones; returns the share of tags that stay."""
    if not is_supported(network):
        raise ExportError("only ModernBERT encoders can be int8; export with --precision float")
    encoder, texts = TextEncoder.from_file(folder / TOKENIZER), calibration_texts()
    before = _tags(folder, encoder, texts, window)
    network = smoothed(network, measure_activations(network, encoder, texts, window=window).largest())
    ranges = measure_activations(network, encoder, texts, window=window).ranges()
    onnx.save(encoder_graph(network, ranges), str(folder / ENCODER_ONNX))
    agreement = float((_tags(folder, encoder, texts, window) == before).mean())
    if agreement < TAG_AGREEMENT:
        raise ExportError(
            f"int8 changes {1 - agreement:.1%} of the tags, more than {1 - TAG_AGREEMENT:.0%}; "
            "export with --precision float"
        )
    return agreement


def _tags(folder: Path, encoder: TextEncoder, texts: Sequence[str], window: int) -> np.ndarray:
    """The likeliest tag of every token of the first windows of some texts."""
    runtime = OnnxRuntime(folder)
    tags = []
    for text in texts:
        ids = np.array([[encoder.cls_id, *encoder(text).ids[:window], encoder.sep_id]])
        tags.append(runtime.encode(ids, np.ones_like(ids))[0][0].argmax(axis=1))
    return np.concatenate(tags)


def _export_encoder(network: SpanLinkModel, path: Path) -> None:
    """The encoder as torch writes it, whatever its architecture."""
    vocabulary = network.classifier.config.vocab_size
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, vocabulary, (3, 40), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 30:] = 0
    shape = {0: "windows", 1: "length"}
    _export(
        _Encoder(network).eval(),
        (ids, mask),
        path,
        names={"inputs": ["input_ids", "attention_mask"], "outputs": ["logits", "hidden"]},
        dynamic={"input_ids": shape, "attention_mask": shape},
    )


def _export_links(network: SpanLinkModel, path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(60, network.classifier.config.hidden_size, generator=generator)
    _export(
        network.link_head.eval(),
        (hidden, random_pairs(60, 7)),
        path,
        names={"inputs": ["hidden", "pairs"], "outputs": ["scores"]},
        dynamic={"hidden": {0: "tokens"}, "pairs": {0: "pairs"}},
    )


def refuse_benchmark(model_folder: Path) -> None:
    """ExportError where a model was trained for a benchmark: its data may be evaluation-only."""
    benchmark = ModelFolder.open(model_folder, runtime="torch").settings.benchmark
    if benchmark:
        raise ExportError(f"{model_folder} was trained for the benchmark {benchmark}; it is not for publication")


def random_pairs(tokens: int, count: int, *, seed: int = 0) -> Tensor:
    """Valid pair rows over a text of this many tokens, for tracing and for checks."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        a, b, c, d = np.sort(random.choice(np.arange(1, tokens - 1), 4, replace=False))
        spans = [a, b, c, d] if random.random() < 0.5 else [c, d, a, b]
        rows.append([*spans, max(0, a - 24), a, d, min(tokens, d + 24)])
        rows[-1] += [random.integers(18), random.integers(len(PAIR_KINDS)), *random.integers(4, size=3)]
    result = torch.tensor(np.array(rows), dtype=torch.long)
    assert result.shape[1] == len(PAIR_FIELDS)
    return result


def check_parity(network: SpanLinkModel, folder: Path) -> float:
    """The largest difference between the ONNX files and torch, on shapes not traced."""
    runtime = OnnxRuntime(folder)
    generator = torch.Generator().manual_seed(1)
    worst = 0.0
    for windows, length in ((1, 8), (2, 256), (5, 96)):
        ids = torch.randint(5, network.classifier.config.vocab_size, (windows, length), generator=generator)
        mask = torch.ones_like(ids)
        mask[0, length // 2 :] = 0
        with torch.no_grad():
            logits, hidden = network(ids, mask)
            flat = hidden.reshape(-1, hidden.shape[-1])
            pairs = random_pairs(len(flat), 11)
            scores = network.link_head(flat, pairs)
        ours, our_hidden = runtime.encode(ids.numpy(), mask.numpy())
        kept = mask.numpy().astype(bool)
        worst = max(worst, float(np.abs(ours - logits.numpy())[kept].max()))
        worst = max(worst, float(np.abs(our_hidden - hidden.numpy())[kept].max()))
        worst = max(worst, float(np.abs(runtime.link(flat.numpy(), pairs.numpy()) - scores.numpy()).max()))
    if worst > TOLERANCE:
        raise ExportError(f"{folder}: ONNX and torch differ by {worst:.2g}, more than {TOLERANCE}")
    return worst


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Export a trained model to ONNX and safetensors.")
    parser.add_argument("--model", type=Path, required=True, help="a stage's folder, made by training.finetune")
    parser.add_argument("--output", type=Path, required=True, help="folder to write the model to")
    parser.add_argument(
        "--temperature", type=float, default=1.0, help="divides the tags' logits; training.calibration fits it"
    )
    parser.add_argument(
        "--link-threshold", type=float, default=0.5, help="least probability of a link that is reported"
    )
    defaults = Settings()
    parser.add_argument("--window", type=int, default=defaults.window, help="tokens that the encoder takes at once")
    parser.add_argument("--overlap", type=int, default=defaults.overlap, help="tokens that neighbouring windows share")
    parser.add_argument("--precision", choices=PRECISIONS, default="int8", help="of the encoder's matrices in ONNX")
    options = parser.parse_args(arguments)
    if not (options.model / SAFETENSORS).is_file():
        raise ExportError(f"{options.model}: no {SAFETENSORS} here; train one with training.finetune")
    try:
        settings = Settings(
            window=options.window,
            overlap=options.overlap,
            temperature=options.temperature,
            link_threshold=options.link_threshold,
        )
        refuse_benchmark(options.model)
        report = export(options.model, options.output, settings=settings, precision=options.precision)
    except (FileNotFoundError, ValueError) as error:  # a file is missing, or the settings cannot be
        print(error, file=sys.stderr)
        return 2
    sizes = {path.name: f"{path.stat().st_size / 1e6:.1f} MB" for path in sorted(options.output.iterdir())}
    kept = f", int8 keeps {report['tags']:.2%} of the tags" if "tags" in report else ""
    print(f"{options.output}: ONNX within {report['difference']:.1e} of torch{kept}; {sizes}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
