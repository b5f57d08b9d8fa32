"""What callers give: refused with a remedy, or taken as it is meant."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ie_model.document import Article
from ie_model.errors import IEModelError, InputError
from ie_model.extractor import Extractor
from ie_model.runtime.onnx import OnnxRuntime

TEXT = "林知远离开星河，加入云栖。"


@pytest.mark.parametrize(
    ("marked", "told"),
    [
        ([("PER", 0, 3)], "no label 'PER'; give one of PERSON, ORG, ROLE, MONEY"),
        ([("ROLE", 2, 7), ("PERSON", 0, 3)], "PERSON 0-3 and ROLE 2-7 overlap"),
        ([("ORG", 5.0, 7.0)], "whole numbers"),
        ([("ORG", "5", "7")], "whole numbers"),
        ([("ORG", 5)], "not a span"),
        ([(None, 5, 7)], "not a span"),
        ([5], "not a span"),
    ],
)
def test_given_spans_are_kept_or_refused(extractor: Extractor, marked: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        extractor.link(TEXT, marked)


def test_entities_and_numbers_of_numpy_are_spans(extractor: Extractor) -> None:
    marked = [("ORG", np.int64(5), np.int64(7)), ("PERSON", 0, 3)]
    document = extractor.link(TEXT, marked)
    assert [entity.text for entity in document.entities] == ["林知远", "星河"]
    assert extractor.link(TEXT, document.entities) == document


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda ie: ie.pipe(TEXT), "not one; call the extractor"),
        (lambda ie: ie.pipe(Article(TEXT)), "not one; call the extractor"),
        (lambda ie: ie.pipe(None), "not NoneType; give a list"),
        (lambda ie: ie(Article(TEXT)), "not Article; give an article as a str"),
        (lambda ie: ie(TEXT.encode()), "not bytes; decode bytes first"),
        (lambda ie: ie(TEXT, id=5), r"not int; give str\(5\)"),
        (lambda ie: ie.link(TEXT, [], id=5), "not int"),
        (lambda ie: next(ie.pipe([Article(TEXT, 5)])), "not int"),  # type: ignore[arg-type]
        (lambda ie: ie.with_min_score("0.5"), "not '0.5'"),
        (lambda ie: ie.with_min_score(None), "not None"),
        (lambda ie: Extractor.load(threads=-1), "not -1"),
        (lambda ie: Extractor.load(threads="2"), "not '2'"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_meant_is_refused(extractor: Extractor, call: Callable[[Any], object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        call(extractor)


def test_another_process_loads_the_model_for_itself(extractor: Extractor) -> None:
    surer = extractor.with_min_score(0.4)
    again = pickle.loads(pickle.dumps(surer))
    assert again(TEXT) == surer(TEXT)
    assert again is not surer
    assert copy.deepcopy(surer) is surer


def test_an_extractor_of_a_callers_own_parts_is_not_pickled(model_dir: Any) -> None:
    from ie_model.model_folder import ModelFolder

    own = Extractor(ModelFolder.open(model_dir), OnnxRuntime(model_dir))
    with pytest.raises(IEModelError, match="load one in each process"):
        pickle.dumps(own)
    assert copy.copy(own)(TEXT) == own(TEXT)
