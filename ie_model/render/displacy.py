"""A document as the dictionary that displaCy draws with `manual=True`."""

from __future__ import annotations

from typing import Any

from ie_model.document import Document


def displacy_dict(document: Document) -> dict[str, Any]:
    """The document for spaCy's `displacy.render(…, style="ent", manual=True)`.

    Returns:
        text, ents (start, end and label of every entity, in code points), title and settings.
    """
    return {
        "text": document.text,
        "ents": [{"start": e.start, "end": e.end, "label": e.label} for e in document.entities],
        "title": document.id,
        "settings": {},
    }
