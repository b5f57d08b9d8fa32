"""Information extraction from Chinese tech-business news.

>>> from ie_model import Extractor
>>> ie = Extractor.load()
>>> doc = ie("3月，阿里巴巴技术副总裁贾扬清宣布辞职创业。")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Article",
    "Date",
    "Departure",
    "Document",
    "Entity",
    "Evidence",
    "Extractor",
    "IEModelError",
    "InputError",
    "ModelError",
    "Money",
]

if TYPE_CHECKING:
    from ie_model.document import Article, Date, Departure, Document, Entity, Evidence, Money
    from ie_model.errors import IEModelError, InputError, ModelError
    from ie_model.extractor import Extractor

_HOMES = {"Extractor": "extractor", **dict.fromkeys(("IEModelError", "InputError", "ModelError"), "errors")}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first asked for, so that import stays cheap."""
    if name not in __all__:
        raise AttributeError(f"module 'ie_model' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"ie_model.{_HOMES.get(name, 'document')}"), name)
