"""Authored pieces: typed with marks, compiled to JSON lines, read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ie_model.relations import STATUSES
from training.data.authored import HELD_OUT, authored_files, main, parse_pieces, read_authored, read_held_out, to_row
from training.data.example import DataError, NotAtHandError
from training.data.markup import MarkupError
from training.data.sources import AUTHORED, read_source

NOTES = """\
# hans stated, 官宣离任
> {远舟科技|ORG o1}{首席财务官|ROLE r1}{梁以宁|PERSON p1}{昨日|DATE d1}离任，
> 加入{澄海资本|ORG o2}。
departed_from p1 o1 stated
left_role p1 r1
joined p1 o2
left_on p1 d1


# hant
> {遠舟科技|ORG}退出歐洲。
"""


def compiled(tmp_path: Path, notes: str = NOTES) -> Path:
    (tmp_path / "notes.txt").write_text(notes, encoding="utf-8")
    folder = tmp_path / "authored"
    assert main([str(tmp_path / "notes.txt"), "--output", str(folder / "news.jsonl")]) == 0
    return folder


def test_pieces_keep_their_lines_and_say_where_they_were_typed() -> None:
    one, two = parse_pieces(NOTES)
    assert one.text == "远舟科技首席财务官梁以宁昨日离任，\n加入澄海资本。"
    assert (one.script, one.purpose, one.line) == ("hans", "stated, 官宣离任", 1)
    assert (two.script, two.purpose, two.line) == ("hant", "", 10)


def test_what_was_typed_is_what_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = read_authored(compiled(tmp_path))
    assert "2 pieces (1 hant), 5 spans (ORG 3, PERSON 1, ROLE 1), 1 departures" in capsys.readouterr().out
    (departure,) = first.departures or ()

    def surface(span: object) -> str:
        return first.text[span.start : span.end]  # type: ignore[attr-defined]

    assert (surface(departure.person), surface(departure.organization)) == ("梁以宁", "远舟科技")
    assert [surface(role) for role in departure.roles] == ["首席财务官"]
    assert [surface(joined) for joined in departure.joined] == ["澄海资本"]
    assert surface(departure.date) == "昨日"
    assert departure.status == "stated"
    assert first.dates
    assert {span.label for span in first.spans} == {"ORG", "ROLE", "PERSON"}  # a DATE is no span of ours
    assert (second.text, second.departures) == ("遠舟科技退出歐洲。", ())


def test_a_chain_of_employers_keeps_its_departures_apart() -> None:
    notes = (
        "# hans\n> {林知远|PERSON p}从{青木|ORG a}到{云栖|ORG b}，再到{星河|ORG c}。\n"
        "departed_from p a stated\njoined p b a\ndeparted_from p b stated\njoined p c b\n"
    )
    (piece,) = parse_pieces(notes)
    frames = to_row(piece)["departures"]
    assert [(frame["organization"], frame["joined"]) for frame in frames] == [([4, 6], [[7, 9]]), ([7, 9], [[12, 14]])]


@pytest.mark.parametrize(
    ("notes", "complaint"),
    [
        ("> {林知远|PERSON}离职\n", "piece at line 1: expected '# hans …' or '# hant …'"),
        ("\n# english\n> a\n", "piece at line 2: expected"),
        ("# hans\ndeparted_from p o stated\n", "no line of text"),
        ("# hans\n> {林知远|PERSON p}离职\ndeparted_from p o stated\n", "no span has the id o"),
        ("# hans\n> {林知远|NAME p}离职\n", "label NAME is none of"),
    ],
)
def test_faults_are_named(tmp_path: Path, notes: str, complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MarkupError, match=complaint.replace("…", ".")):
        list(parse_pieces(notes))
    path = tmp_path / "notes.txt"
    path.write_text(notes, encoding="utf-8")
    assert main([str(path), "--output", str(tmp_path / "out.jsonl")]) == 2
    assert str(path) in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


def test_a_text_that_stands_twice_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(NOTES + "\n" + NOTES, encoding="utf-8")
    assert main([str(path)]) == 2
    assert "the same text stands above" in capsys.readouterr().err


def test_a_mark_that_does_not_stand_in_the_text(tmp_path: Path) -> None:
    folder = compiled(tmp_path)
    lines = (folder / "news.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[1])
    row["spans"][0]["start"] += 1
    (folder / "news.jsonl").write_text("\n".join([lines[0], json.dumps(row)]), encoding="utf-8")
    with pytest.raises(DataError, match=r"news\.jsonl, line 2: expected an authored piece: '遠舟科技' is not at 1"):
        read_authored(folder)


def test_the_pieces_of_the_project() -> None:
    examples = read_authored(AUTHORED)
    lines = [line for file in authored_files(AUTHORED) for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    assert len(examples) == len({example.text for example in examples}) == len(rows) >= 1500
    scripts = [row["script"] for row in rows]
    assert scripts.count("hans") >= 1000
    assert scripts.count("hant") >= 300
    assert sum(not example.departures for example in examples) >= 150
    assert f"{len(rows):,} pieces" in (AUTHORED.parent / "README.md").read_text(encoding="utf-8")
    statuses = {departure.status for example in examples for departure in example.departures or ()}
    assert statuses == set(STATUSES)


@pytest.mark.parametrize("source", HELD_OUT)
def test_held_out_pieces_never_train(tmp_path: Path, source: str) -> None:
    folder = compiled(tmp_path)
    (folder / "news.jsonl").rename(folder / HELD_OUT[source])
    assert len(read_held_out(folder, source)) == 2
    with pytest.raises(NotAtHandError, match=r"no authored \.jsonl files"):
        read_authored(folder)
    for purpose in ("train", "benchmark"):
        with pytest.raises(DataError, match=f"{source} is for evaluation only"):
            read_source(source, data_root=tmp_path, purpose=purpose)


@pytest.mark.parametrize(
    ("source", "pieces", "negatives", "names"),
    [("authored-heldout", 120, 60, 2), ("authored-contrasts", 144, 90, 10)],
)
def test_the_held_out_pieces_of_the_project(source: str, pieces: int, negatives: int, names: int) -> None:
    held, trained = read_held_out(AUTHORED, source), read_authored(AUTHORED)
    assert len(held) == len({example.text for example in held}) == pieces
    assert sum(not example.departures for example in held) == negatives
    assert {departure.status for example in held for departure in example.departures or ()} == set(STATUSES)
    assert not {example.text for example in held} & {example.text for example in trained}
    people = [
        {e.text[s.start : s.end] for e in side for s in e.spans if s.label == "PERSON"} for side in (held, trained)
    ]
    shared = {name for name in people[0] & people[1] if len(name) > 1}  # bare surnames are nobody's own
    assert len(shared) <= names


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(NotAtHandError, match=r"no authored \.jsonl files"):
        read_authored(tmp_path)
