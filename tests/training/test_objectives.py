"""The losses of pretraining, on a tiny network."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers import ModernBertForMaskedLM

from training.architecture import encoder_config
from training.objectives import MaskedLoss, ReplacedLoss, draw

MASK, CLS, SEP, VOCABULARY = 4, 2, 3, 40
POSITIONS = torch.tensor([1, 4, 9, 13, 14])
TARGETS = torch.tensor([10, 11, 12, 13, 14])
#: Of the five hidden positions the first three show a guess at a share of one half.
CHANCES = torch.tensor([[0.1, 0.2, 0.3, 0.7, 0.9], [0.3, 0.5, 0.95, 0.5, 0.5]])


@pytest.fixture
def model() -> ModernBertForMaskedLM:
    torch.manual_seed(0)
    special = {"[PAD]": 0, "[UNK]": 1, "[CLS]": CLS, "[SEP]": SEP, "[MASK]": MASK}
    config = encoder_config(vocabulary=VOCABULARY, layers=1, hidden=16, intermediate=16, heads=2, special=special)
    return ModernBertForMaskedLM(config).eval()


@pytest.fixture
def ids() -> Tensor:
    """Two sequences of eight tokens; one hidden position shows another token, one the right one."""
    rows = torch.tensor([[CLS, MASK, 6, 7, MASK, 8, 9, SEP], [CLS, MASK, 6, SEP, 7, 33, 14, SEP]])
    assert (rows.reshape(-1)[POSITIONS] == torch.tensor([MASK, MASK, MASK, 33, 14])).all()
    return rows


def replaced(model: ModernBertForMaskedLM, *, share: float, weight: float) -> ReplacedLoss:
    return ReplacedLoss(model, share=share, weight=weight, special=(MASK, CLS, SEP))


def test_nothing_replaced_and_nothing_detected_is_masked_prediction(model: ModernBertForMaskedLM, ids: Tensor) -> None:
    plain = MaskedLoss(model)(ids, POSITIONS, TARGETS)
    both = replaced(model, share=0.0, weight=0.0)(ids, POSITIONS, TARGETS, CHANCES)
    assert torch.equal(plain[0], both[0])
    assert torch.equal(plain[1], both[1])


def test_prediction_is_from_what_is_shown(model: ModernBertForMaskedLM, ids: Tensor) -> None:
    _, logits = MaskedLoss(model).predict(ids, POSITIONS)
    shown = ids.reshape(-1).clone()
    shown[POSITIONS[:3]] = draw(logits, CHANCES[1])[:3]
    expected, _ = MaskedLoss(model)(shown.view_as(ids), POSITIONS, TARGETS)
    loss, _ = replaced(model, share=0.5, weight=0.0)(ids, POSITIONS, TARGETS, CHANCES)
    assert torch.allclose(loss, expected)


def test_detection_counts_what_is_not_the_texts(model: ModernBertForMaskedLM, ids: Tensor) -> None:
    """With a detector that says the same of every token its loss follows from counts alone."""
    objective = replaced(model, share=0.5, weight=2.0)
    nn.init.zeros_(objective.detector.weight)
    nn.init.constant_(objective.detector.bias, 1.0)
    without = replaced(model, share=0.5, weight=0.0)
    loss = objective(ids, POSITIONS, TARGETS, CHANCES)[0] - without(ids, POSITIONS, TARGETS, CHANCES)[0]

    _, logits = MaskedLoss(model).predict(ids, POSITIONS)
    guesses = draw(logits, CHANCES[1])[:3]
    assert not set(guesses.tolist()) & {MASK, CLS, SEP}
    wrong = int((guesses != TARGETS[:3]).sum()) + 1  # and 33, where the text has 13
    judged = 16 - 5  # all but [CLS] and [SEP]: no [MASK] is left
    says_replaced, says_original = nn.functional.softplus(torch.tensor([-1.0, 1.0]))
    expected = 2.0 * (wrong * says_replaced + (judged - wrong) * says_original) / judged
    assert torch.allclose(loss, expected)


def test_what_stays_hidden_is_not_judged(model: ModernBertForMaskedLM, ids: Tensor) -> None:
    objective = replaced(model, share=0.0, weight=1.0)
    nn.init.zeros_(objective.detector.weight)
    nn.init.constant_(objective.detector.bias, -30.0)  # sure that nothing is replaced
    loss = objective(ids, POSITIONS, TARGETS, CHANCES)[0] - MaskedLoss(model)(ids, POSITIONS, TARGETS)[0]
    assert loss.item() == pytest.approx(30.0 / 8, rel=1e-4)  # one of eight: 33


@settings(max_examples=50, deadline=None)
@given(
    weights=st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=12),
    chance=st.floats(0, 1, exclude_max=True, width=32),
)
def test_a_token_is_drawn_where_the_summed_probabilities_pass(weights: list[float], chance: float) -> None:
    logits = torch.tensor([weights])
    token = int(draw(logits, torch.tensor([chance])))
    summed = logits.softmax(-1).cumsum(-1)[0]
    assert token == len(weights) - 1 or summed[token] >= chance
    assert token == 0 or summed[token - 1] < chance


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    logits = torch.log(torch.tensor([0.5, 0.2, 0.3])).expand(1000, 3)
    drawn = draw(logits, (torch.arange(1000) + 0.5) / 1000)
    assert torch.bincount(drawn).tolist() == [500, 200, 300]
