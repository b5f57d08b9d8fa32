from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ie_model.scheme import TagScheme
from training.features import IGNORE
from training.losses import link_loss, tag_loss

SCHEME = TagScheme()
EVERYTHING = (1 << len(SCHEME)) - 1


def bits(*tags: str) -> int:
    return sum(1 << SCHEME.tags.index(tag) for tag in tags)


def logits_of(*probabilities: dict[str, float]) -> Tensor:
    """[1, tokens, tags] logits of these distributions; tags left out have none."""
    rows = [[math.log(row.get(tag, 1e-12)) for tag in SCHEME.tags] for row in probabilities]
    return torch.tensor([rows])


@settings(max_examples=30, deadline=None)
@given(tags=st.lists(st.integers(0, 16), min_size=1, max_size=8), seed=st.integers(0, 1000))
def test_one_allowed_tag_is_cross_entropy(tags: list[int], seed: int) -> None:
    logits = torch.randn(1, len(tags), 17, generator=torch.Generator().manual_seed(seed))
    allowed = torch.tensor([[1 << tag for tag in tags]])
    expected = nn.functional.cross_entropy(logits[0], torch.tensor(tags))
    torch.testing.assert_close(tag_loss(logits, allowed), expected)


def test_everything_allowed_costs_nothing() -> None:
    logits = torch.randn(2, 5, 17, generator=torch.Generator().manual_seed(0))
    assert tag_loss(logits, torch.full((2, 5), EVERYTHING)).item() == pytest.approx(0.0, abs=1e-6)


def test_the_loss_is_the_mass_on_allowed_tags() -> None:
    logits = logits_of({"O": 0.5, "S-ORG": 0.25, "B-ORG": 0.125, "S-ROLE": 0.125}, {"O": 0.1, "S-ROLE": 0.9})
    allowed = torch.tensor([[bits("S-ORG", "B-ORG"), bits("S-ROLE")]])
    assert tag_loss(logits, allowed).item() == pytest.approx((-math.log(0.375) - math.log(0.9)) / 2)


def test_money_that_a_source_does_not_mark_costs_nothing() -> None:
    money = [f"{position}-MONEY" for position in "BIES"]
    logits = logits_of({"S-MONEY": 1.0})
    unmarked, marked = torch.tensor([[bits("O", *money)]]), torch.tensor([[bits("O")]])
    assert tag_loss(logits, unmarked).item() == pytest.approx(0.0, abs=1e-6)
    assert tag_loss(logits, marked).item() > 10


def test_tokens_without_allowed_tags_do_not_count() -> None:
    logits = logits_of({"O": 0.5, "S-ORG": 0.5}, {"S-ORG": 1.0}, {"S-ROLE": 1.0}).requires_grad_()
    loss = tag_loss(logits, torch.tensor([[bits("O"), 0, 0]]))
    assert loss.item() == pytest.approx(math.log(2))
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[0, 1:].abs().max() == 0


def test_a_batch_of_nothing_but_padding() -> None:
    logits = torch.randn(1, 3, 17).requires_grad_()
    loss = tag_loss(logits, torch.zeros(1, 3, dtype=torch.long))
    assert loss.item() == 0
    loss.backward()
    assert torch.isfinite(logits.grad).all()  # type: ignore[arg-type]


def test_link_loss_of_known_scores() -> None:
    # Zero logits: log 2 per relation, log 3 for the status; one positive counts as four.
    loss = link_loss(torch.zeros(1, 7), torch.tensor([[1, 0, IGNORE, IGNORE, 2]]))
    assert loss.item() == pytest.approx((2 * math.log(2) + math.log(3)) / 4)


def test_link_loss_is_divided_by_the_positives() -> None:
    one = torch.tensor([[1, 1, 1, 1, 0]])
    # 24 positives on zero logits, 24 · log 2 / 24, 8 dates, 8 · log 2 / 8, and 8 statuses of log 3 over 24 positives.
    loss = link_loss(torch.zeros(8, 7), one.repeat(8, 1))
    assert loss.item() == pytest.approx(2 * math.log(2) + math.log(3) / 3)


def test_link_loss_ignores_what_is_not_known() -> None:
    scores = torch.randn(3, 7, generator=torch.Generator().manual_seed(0))
    links = torch.tensor([[1, IGNORE, 0, IGNORE, 0], [IGNORE, 0, IGNORE, IGNORE, IGNORE], [IGNORE] * 5])
    changed = scores.clone()
    for row, column in ((0, 1), (0, 3), (1, 0), (1, 2), (1, 3)):
        changed[row, column] = 1e6
    changed[1, 4:] = 1e6
    changed[2] = -1e6
    torch.testing.assert_close(link_loss(changed, links), link_loss(scores, links))
    changed[1, 1] += 5.0
    assert link_loss(changed, links) > link_loss(scores, links) + 0.5


def test_link_loss_without_any_label_is_zero() -> None:
    scores = torch.randn(4, 7).requires_grad_()
    loss = link_loss(scores, torch.full((4, 5), IGNORE))
    assert loss.item() == 0
    loss.backward()
    assert scores.grad is not None
    assert scores.grad.abs().max() == 0


def test_the_right_answer_costs_least() -> None:
    links = torch.tensor([[1, IGNORE, 0, 1, 1]])
    right = torch.tensor([[9.0, 0.0, -9.0, 9.0, -9.0, 9.0, -9.0]])
    assert link_loss(right, links).item() < 1e-3
    assert link_loss(-right, links).item() > 1
