"""The exported folder: the same answers from ONNX, torch and transformers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto
from safetensors import safe_open
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from ie_model.encoding import TextEncoder
from ie_model.extractor import Extractor
from ie_model.model_folder import ModelFolder, Settings
from ie_model.relations import LINK_OUTPUTS, PAIR_FIELDS
from ie_model.runtime.onnx import OnnxRuntime
from ie_model.scheme import TagScheme
from ie_model.script import model_view
from training.export import ExportError, check_parity, main, random_pairs
from training.modeling import load_model, save_model

TEXT = "3月，星河科技技术副总裁林知远宣布辞职创业，OpenAI 估值 290 亿美元。据悉，周以安离开青木资本。" * 8


def test_the_folder_is_complete(model_dir: Path) -> None:
    names = {path.name for path in model_dir.iterdir()}
    assert names == {
        "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "model.onnx", "links.onnx",
    }  # fmt: skip


def test_settings_reach_the_config(model_dir: Path) -> None:
    expected = Settings(window=62, overlap=16)
    assert ModelFolder.open(model_dir).settings == expected
    config = json.loads((model_dir / "config.json").read_text(encoding="utf-8"))
    assert config["ie_model"] == asdict(expected)
    assert config["id2label"]["5"] == "B-ORG"
    assert config["label2id"]["S-MONEY"] == 16


def test_parity_with_torch(model_dir: Path) -> None:
    network = load_model(model_dir)
    assert check_parity(network, model_dir) < 1e-3


def test_parity_on_shapes_of_our_own(model_dir: Path) -> None:
    network, runtime = load_model(model_dir), OnnxRuntime(model_dir)
    for windows, length in ((1, 3), (7, 61)):
        ids = torch.randint(5, 6000, (windows, length), generator=torch.Generator().manual_seed(length))
        mask = torch.ones_like(ids)
        with torch.no_grad():
            logits, hidden = network(ids, mask)
        ours = runtime.encode(ids.numpy(), mask.numpy())
        assert logits.std() > 0.1
        np.testing.assert_allclose(ours[0], logits.numpy(), atol=1e-3)
        np.testing.assert_allclose(ours[1], hidden.numpy(), atol=1e-3)
    pairs = random_pairs(61 * 7, 5)
    with torch.no_grad():
        scores = network.link_head(hidden.reshape(-1, 32), pairs)
    np.testing.assert_allclose(runtime.link(ours[1].reshape(-1, 32), pairs.numpy()), scores.numpy(), atol=1e-3)
    assert scores.shape == (5, len(LINK_OUTPUTS))


@pytest.mark.parametrize("part", ["link_head.output.bias", "classifier.classifier.bias"])
def test_a_difference_from_torch_is_noticed(model_dir: Path, part: str) -> None:
    network = load_model(model_dir)
    with torch.no_grad():
        network.get_parameter(part)[0] += 0.01
    with pytest.raises(ExportError, match=r"differ by 0\.01"):
        check_parity(network, model_dir)


def test_padding_changes_nothing(model_dir: Path) -> None:
    runtime = OnnxRuntime(model_dir)
    ids = np.random.default_rng(0).integers(5, 6000, (1, 20))
    padded = np.concatenate([ids, np.zeros((1, 12), dtype=np.int64)], axis=1)
    mask = np.concatenate([np.ones((1, 20), dtype=np.int64), np.zeros((1, 12), dtype=np.int64)], axis=1)
    bare, _ = runtime.encode(ids, np.ones_like(ids))
    with_padding, _ = runtime.encode(padded, mask)
    np.testing.assert_allclose(with_padding[:, :20], bare, atol=1e-4)


def test_random_pairs_are_valid() -> None:
    rows = random_pairs(60, 200, seed=3).numpy()
    assert rows.shape == (200, len(PAIR_FIELDS))
    for first, last in ((0, 1), (2, 3), (4, 5), (6, 7)):
        assert (rows[:, first] <= rows[:, last]).all()
    assert (rows[:, 0] < rows[:, 1]).all()
    assert (rows[:, 2] < rows[:, 3]).all()
    assert rows[:, :8].min() >= 0
    assert rows[:, :8].max() <= 60


@pytest.mark.parametrize("name", ["model.onnx", "links.onnx"])
def test_large_weights_are_stored_as_fp16(model_dir: Path, name: str) -> None:
    model = onnx.load(str(model_dir / name))
    sizes = {TensorProto.FLOAT: 0, TensorProto.FLOAT16: 0}
    for tensor in model.graph.initializer:
        if tensor.name in ("cosine", "sine"):  # of the positions: no weights
            continue
        count = int(np.prod(tensor.dims))
        if tensor.data_type in sizes:
            sizes[tensor.data_type] += count
            assert tensor.data_type == TensorProto.FLOAT16 or count < 256
    assert sizes[TensorProto.FLOAT16] > 20 * sizes[TensorProto.FLOAT]
    onnx.checker.check_model(model)


@pytest.mark.parametrize("name", ["model.onnx", "links.onnx"])
def test_no_path_of_the_exporting_machine_is_in_a_file(model_dir: Path, name: str) -> None:
    packaged = Path(__file__).parents[2] / "ie_model" / "weights" / name
    for path in (model_dir / name, packaged):
        assert b".py" not in path.read_bytes()


def test_safetensors_are_fp16(model_dir: Path) -> None:
    with safe_open(model_dir / "model.safetensors", "pt") as file:
        dtypes = {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    assert dtypes == {torch.float16}


def test_transformers_loads_the_classifier(model_dir: Path, text_encoder: TextEncoder) -> None:
    model = AutoModelForTokenClassification.from_pretrained(model_dir, local_files_only=True).float().eval()
    assert tuple(model.config.id2label[i] for i in range(17)) == TagScheme().tags
    ids = torch.tensor([[2, *text_encoder(TEXT).ids[:40], 3]])
    with torch.no_grad():
        ours, _ = load_model(model_dir)(ids, torch.ones_like(ids))
        theirs = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    torch.testing.assert_close(theirs, ours, atol=1e-5, rtol=0)


def test_the_transformers_pipeline_runs_on_the_folder(model_dir: Path) -> None:
    found = pipeline("token-classification", model=str(model_dir), tokenizer=str(model_dir))("林知远离开星河科技。")
    assert found
    assert {item["entity"] for item in found} <= set(TagScheme().tags)
    assert all("林知远离开星河科技。"[item["start"] : item["end"]] == item["word"] for item in found)


def test_transformers_tokenizer_is_ours(model_dir: Path, text_encoder: TextEncoder) -> None:
    text = model_view("林知遠離開 OpenAI，獲1.13億美元。")
    theirs = AutoTokenizer.from_pretrained(model_dir, local_files_only=True)(text)["input_ids"]
    assert theirs == [text_encoder.cls_id, *text_encoder(text).ids.tolist(), text_encoder.sep_id]


def test_both_runtimes_give_the_same_document(model_dir: Path, extractor: Extractor) -> None:
    ours, theirs = extractor(TEXT), Extractor.load(model_dir, runtime="torch")(TEXT)
    assert len(ours.entities) > 20
    assert [(e.label, e.start, e.end) for e in ours.entities] == [(e.label, e.start, e.end) for e in theirs.entities]
    assert [e.score for e in ours.entities] == pytest.approx([e.score for e in theirs.entities], abs=1e-3)
    assert [(d.person, d.organization, d.status) for d in ours.departures] == [
        (d.person, d.organization, d.status) for d in theirs.departures
    ]


def test_a_folder_without_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    assert f"{tmp_path}: no model.safetensors here" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_weights_may_be_read_by_everyone(model_dir: Path, tmp_path: Path) -> None:
    """A wheel keeps the mode of its files."""
    plain = tmp_path / "plain"
    plain.touch()
    assert {path.stat().st_mode for path in model_dir.iterdir()} == {plain.stat().st_mode}


def test_a_benchmarks_model_is_not_published(
    model_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = tmp_path / "trained"
    save_model(load_model(model_dir), trained, tokenizer=model_dir, settings={"benchmark": "weibo"})
    assert main(["--model", str(trained), "--output", str(tmp_path / "out")]) == 2
    assert "benchmark weibo; it is not for publication" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
