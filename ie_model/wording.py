"""How the commands word what they count."""

from __future__ import annotations


def many(count: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: 1 document, 2,000 documents.

    Args:
        plural: of the noun, where it is not the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
