"""What the errors of the training commands have in common."""

from __future__ import annotations


class TrainingError(ValueError):
    """Base of the errors that a user of these commands can meet; the message is one line and names the remedy."""
