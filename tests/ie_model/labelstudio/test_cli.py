"""`ie-model label-studio …`, offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ie_model.cli import app
from ie_model.extractor import Extractor
from ie_model.labelstudio import sync
from ie_model.labelstudio.cli import Choose, Offsets
from ie_model.labelstudio.documents import document_from
from ie_model.labelstudio.exporting import by_uncertainty, least_score, model_version
from ie_model.labelstudio.importing import Choice
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.offsets import Unit
from ie_model.labelstudio.server import Project, Server
from ie_model.labelstudio.sync import Pulled, Pushed

TEXTS = {
    "a.txt": "3月，星河科技技术副总裁林知远宣布辞职创业。\r\n",
    "b.txt": "😀据悉，周以安离开青木资本。",
    "c.txt": "。",
}


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["label-studio", *map(str, words)])


def fine(*words: object) -> Result:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_bytes(text.encode())
    return folder


def test_the_options_are_those_of_the_functions() -> None:
    assert [one.value for one in Choose] == [one.value for one in Choice]
    assert [one.value for one in Offsets] == [one.value for one in Unit]


def test_config(tmp_path: Path, model_dir: Path) -> None:
    assert fine("config").stdout == Interface().to_xml() == fine("config", "--model", model_dir).stdout
    fine("config", "--labels", "PERSON, 产品", "-o", tmp_path / "new" / "labels.xml")
    assert Interface.read(tmp_path / "new" / "labels.xml").labels == ("PERSON", "产品")
    result = run("config", "--labels", "PERSON,,X")
    assert (result.exit_code, result.stderr[:7]) == (2, "error: ")


def test_consoles_of_another_encoding(tmp_path: Path, articles: Path) -> None:
    runner = CliRunner(charset="ascii")
    result = runner.invoke(app, ["label-studio", "config", "--labels", "人物"])
    assert result.exit_code == 0
    assert result.stdout_bytes.decode("utf-8") == Interface.of_labels(["人物"]).to_xml()
    words = ["export", str(articles), "-o", str(tmp_path / "出.json"), "--no-predictions"]
    result = runner.invoke(app, ["label-studio", *words])
    assert (result.exit_code, result.stdout_bytes[-7:]) == (0, b"?.json\n")


def test_export_and_import(tmp_path: Path, articles: Path, model_dir: Path, extractor: Extractor) -> None:
    tasks, lines = tmp_path / "tasks.json", tmp_path / "documents.jsonl"
    fine("export", articles, "-o", tasks, "--model", model_dir, "--published", "2023-04")
    rows = json.loads(tasks.read_text(encoding="utf-8"))
    assert [row["data"]["id"] for row in rows] == list(TEXTS)
    assert {p["model_version"] for row in rows for p in row["predictions"]} == {model_version(model_dir)}
    fine("import", tasks, "--choose", "predictions", "-o", lines)
    documents = [extractor(text, id=name, published="2023-04") for name, text in TEXTS.items()]
    written = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in written] == list(TEXTS.values())
    for row, document in zip(written, documents, strict=True):
        assert {**row, **document.to_dict()} == row
        assert document_from(row, row["text"]).to_dict() == document.to_dict()
    # Documents may be exported as they are, with their texts or beside them.
    fine("export", lines, "-o", tmp_path / "again.json")
    again = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert [len(row["predictions"][0]["result"]) for row in again] == [
        len(r["predictions"][0]["result"]) for r in rows
    ]
    bare = tmp_path / "bare.jsonl"
    bare.write_text("".join(json.dumps(document.to_dict()) + "\n" for document in documents), encoding="utf-8")
    fine("export", bare, "-o", tmp_path / "bare.json", "--texts", articles)
    result = run("export", bare, "-o", tmp_path / "bare.json")
    assert result.exit_code == 2
    assert "bare.jsonl, line 1: no 'text' (name the folder of the texts with --texts)" in result.stderr


def test_what_the_model_is_least_sure_of_comes_first(
    tmp_path: Path, articles: Path, model_dir: Path, extractor: Extractor
) -> None:
    documents = [extractor(text, id=name) for name, text in TEXTS.items()]
    order = [document.id for document in by_uncertainty(documents)]
    scores = [score for document in by_uncertainty(documents) if (score := least_score(document)) is not None]
    assert scores == sorted(scores)
    assert len(set(scores)) > 1
    tasks = tmp_path / "tasks.json"
    fine("export", articles, "-o", tasks, "--model", model_dir, "--query", "uncertain", "--limit", "2")
    rows = json.loads(tasks.read_text(encoding="utf-8"))
    assert [row["data"]["id"] for row in rows] == order[:2]
    assert [row["predictions"][0].get("score") for row in rows] == [least_score(d) for d in by_uncertainty(documents)][
        :2
    ]


def test_without_predictions(tmp_path: Path, articles: Path) -> None:
    tasks = tmp_path / "tasks.json"
    result = fine("export", articles / "a.txt", "-o", tasks, "--no-predictions")
    assert result.stdout == f"1 task in {tasks}\n"
    fine("export", articles, "-o", tasks, "--no-predictions")
    assert json.loads(tasks.read_text(encoding="utf-8"))[0] == {"data": {"text": TEXTS["a.txt"], "id": "a.txt"}}
    result = fine("import", tasks)
    assert result.stderr.endswith("0 documents; 0 tasks skipped by annotators, 3 not annotated\n")


def test_push_and_pull_say_what_they_did(tmp_path: Path, articles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Answers:
        url = "http://there"

        def project(self, title: str) -> Project:
            return Project(5, title, "", "")

    pushed = Pushed(created=("a.txt",), unchanged=("b.txt", "c.txt"))
    pulled = Pulled(written=(1, 2), unchanged=(3,), untouched=4)
    monkeypatch.setattr(Server, "connect", lambda *_, **__: Answers())
    monkeypatch.setattr(sync, "open_project", lambda *_: (Project(5, "Seeds", "", ""), Interface()))
    monkeypatch.setattr(sync, "push", lambda *_: pushed)
    monkeypatch.setattr(sync, "pull", lambda *_: pulled)
    result = fine("push", articles, "--project", "Seeds", "--no-predictions")
    assert result.stdout == "project 5 at http://there/projects/5: 1 new task, 0 updated, 2 unchanged\n"
    result = fine("pull", tmp_path, "--project", "Seeds")
    assert result.stdout == f"2 tasks written to {tmp_path}, 1 unchanged, 4 not annotated yet\n"


def test_bad_inputs_do_not_stop_the_good_ones(tmp_path: Path, articles: Path) -> None:
    (articles / "bad.txt").write_bytes(b"\xff")
    result = run("export", articles, tmp_path / "nowhere", "-o", tmp_path / "t.json", "--no-predictions")
    assert result.exit_code == 2
    assert [line[:7] for line in result.stderr.splitlines()] == ["error: ", "error: "]
    assert len(json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))) == 3


def test_faults(tmp_path: Path) -> None:
    region = Interface().region(id="r", label="PERSON", start=0, end=9, text="林知远")
    good = {"id": 1, "data": {"text": "林知远离职"}, "annotations": [{"id": 5, "result": []}]}
    bad = {"id": 2, "data": {"text": "林知远走了"}, "annotations": [{"id": 6, "result": [region]}]}
    path = tmp_path / "x.json"
    path.write_text(json.dumps([good, bad]), encoding="utf-8")
    result = run("check", path)
    assert result.exit_code == 2
    assert result.stdout.splitlines() == [
        "error: task 2, annotation 6, region r: offsets 0-9 are no place in the text; mark it anew",
        "2 tasks, 1 error, 0 notes",
    ]
    result = run("import", path)
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) == 1, "the other task is imported"
    path.write_text(json.dumps([good]), encoding="utf-8")
    assert fine("check", path).stdout == "1 task, 0 errors, 0 notes\n"


def test_agreement_is_written(tmp_path: Path) -> None:
    completions = [{"id": n, "completed_by": n, "result": []} for n in (1, 2)]
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"id": 1, "data": {"text": "x"}, "annotations": completions}]), encoding="utf-8")
    fine("import", path, "--agreement", tmp_path / "agreement.json")
    (pair,) = json.loads((tmp_path / "agreement.json").read_text(encoding="utf-8"))["pairs"]
    assert (pair["annotators"], pair["tasks"]) == (["1", "2"], 1)


def test_agreement_is_that_of_all_files_together(tmp_path: Path) -> None:
    for number in (1, 2):
        completions = [{"id": n, "completed_by": n, "result": []} for n in (1, 2)]
        task = {"id": number, "data": {"text": f"x{number}"}, "annotations": completions}
        (tmp_path / f"{number}.json").write_text(json.dumps([task]), encoding="utf-8")
    fine("import", tmp_path / "1.json", tmp_path / "2.json", "--agreement", tmp_path / "out" / "agreement.json")
    (pair,) = json.loads((tmp_path / "out" / "agreement.json").read_text(encoding="utf-8"))["pairs"]
    assert (pair["annotators"], pair["tasks"]) == (["1", "2"], 2)


@pytest.mark.parametrize("command", ["check", "import"])
def test_a_file_that_is_nested_too_deep(tmp_path: Path, command: str) -> None:
    (tmp_path / "x.json").write_text("[" * 100_000, encoding="utf-8")
    result = run(command, tmp_path / "x.json")
    assert result.exit_code == 2
    assert "nested too deep" in result.stderr


def test_no_project_is_made_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ie_model.labelstudio.server.Server.connect", lambda *_, **__: None)
    result = run("push", tmp_path / "typo.txt", "--project", "x", "--no-predictions")
    assert result.exit_code == 2
    assert "typo.txt: no such file" in result.stderr


def test_push_and_pull_name_what_they_lack(tmp_path: Path, articles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for words in (("push", articles), ("pull", tmp_path / "out")):
        result = run(*words, "--project", "x")
        assert (result.exit_code, "LABEL_STUDIO_URL" in result.stderr) == (2, True)
        result = run(*words, "--project", "x", "--url", "http://127.0.0.1:9")
        assert (result.exit_code, "LABEL_STUDIO_API_KEY" in result.stderr) == (2, True)
