"""Articles that the page offers to those who have none at hand."""

from __future__ import annotations

import json
from pathlib import Path

from ie_model import errors
from ie_model.arguments import check_date
from ie_model.inputs import files_in
from ie_model.serving.schemas import ExampleModel

#: More would make a list that nobody reads, and a first answer that takes long.
_MOST, _MOST_CHARS = 20, 50_000

_INVENTED = (
    ExampleModel(
        name="简体：一则快讯",
        published="2024-05-20",
        text=(
            "5月18日，海潮集团宣布，首席技术官林知远因个人原因辞去职务。知情人士透露，林知远将加入云栖智能，"
            "负责大模型业务。\n此前，海潮集团云业务负责人周以安已于去年底离职，创办了人工智能公司星河科技，"
            "并获得1.2亿美元融资。海潮集团对此不予置评。"
        ),
    ),
    ExampleModel(
        name="繁體：人事異動",
        published="2023-09",
        text=(
            "青木資本前合夥人陳若水日前離開公司，重返學術界。8月，北辰汽車自動駕駛負責人沈書言宣布離職創業，"
            "新公司名爲「遠山機器人」，首輪融資 3,000 萬美元。\n北辰汽車表示，感謝沈書言任職副總裁期間的貢獻。"
        ),
    ),
)


def load_examples(folder: Path | None) -> list[ExampleModel]:
    """The .txt files of a folder, with the dates that its manifest.json gives; without one, invented articles.

    Raises:
        InputError: the folder is not there, has no texts, or one of them is not UTF-8.
    """
    if folder is None:
        return list(_INVENTED)
    try:
        if not folder.is_dir():
            raise errors.missing_path(folder)
        files = files_in(folder)[:_MOST]
    except OSError as error:
        raise errors.unreadable(folder, error.strerror or str(error)) from error
    if not files:
        raise errors.empty_folder(folder)
    dates = _dates(folder / "manifest.json")
    examples = []
    for file in files:
        try:
            text = file.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise errors.InputError(f"{file}: examples must be UTF-8 ({error.reason}); convert the file") from None
        except OSError as error:
            raise errors.unreadable(file, error.strerror or str(error)) from None
        if len(text) <= _MOST_CHARS:
            # A name of bytes that are no UTF-8 could not be sent.
            name = file.stem.encode("utf-8", "replace").decode()
            examples.append(ExampleModel(name=name, text=text, published=dates.get(file.name)))
    return examples


def _dates(manifest: Path) -> dict[str, str]:
    """File name → date of publication, where a manifest says it."""
    if not manifest.is_file():
        return {}
    try:
        articles = json.loads(manifest.read_text(encoding="utf-8"))["articles"]
        dates = {article["file"]: article["published"] for article in articles if article.get("published")}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise errors.InputError(f"{manifest}: not a manifest of articles; correct it or remove it") from None
    for file, date in dates.items():
        try:
            check_date(date)
        except errors.InputError as error:
            raise errors.InputError(f"{manifest}: {file}: {error}") from None
    return dates
