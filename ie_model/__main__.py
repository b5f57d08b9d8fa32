"""`python -m ie_model` is the command `ie-model`."""

from ie_model.cli import app

app(prog_name="ie-model")
