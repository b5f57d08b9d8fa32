from __future__ import annotations

from dataclasses import replace

from ie_model.document import Date, Departure, Document, Evidence
from training.data.example import Example, GoldDeparture, GoldSpan
from training.error_report import as_markdown, fact_errors, sentences_around

TEXT = "林知远离开星河科技。周以安加入青木资本，出任*合伙人*。"
PERSON, ORG = GoldSpan(0, 3, "PERSON"), GoldSpan(5, 9, "ORG")
OTHER, FUND = GoldSpan(10, 13, "PERSON"), GoldSpan(15, 19, "ORG")
EXAMPLE = Example(
    "u1", "test", TEXT, (PERSON, ORG, OTHER, FUND), departures=(GoldDeparture(PERSON, ORG, "stated", joined=(FUND,)),)
)
INVENTED = Departure("周以安", "青木资本", "former", 0.61, Evidence(10, 19))


def test_a_missed_fact_and_an_invented_one_have_their_sentences() -> None:
    missed, invented = fact_errors(EXAMPLE, Document(text=TEXT, departures=(INVENTED,)))
    assert (missed.kind, missed.person, missed.organization) == ("missed", "林知远", "星河科技")
    assert missed.sentence == "林知远离开星河科技。"
    assert (invented.kind, invented.detail) == ("invented", "former, score 0.61")
    assert invented.sentence == "周以安加入青木资本，出任*合伙人*。"


def test_a_right_pair_tells_what_it_says_otherwise() -> None:
    found = Departure("林知远", "星河科技", "reported", 0.9, Evidence(0, 9))
    (error,) = fact_errors(EXAMPLE, Document(text=TEXT, departures=(found,)))
    assert error.kind == "differs"
    assert error.detail == "joined (none), should be 青木资本; status reported, should be stated"
    right = replace(found, status="stated", joined=("青木资本",))
    assert list(fact_errors(EXAMPLE, Document(text=TEXT, departures=(right,)))) == []


def test_an_invented_date_is_told() -> None:
    found = Departure(
        "林知远", "星河科技", "stated", 0.9, Evidence(0, 9), joined=("青木资本",), date=Date("上月", None)
    )
    document = Document(text=TEXT, departures=(found,))
    assert list(fact_errors(EXAMPLE, document)) == []  # this source marks no dates
    (error,) = fact_errors(replace(EXAMPLE, dates=True), document)
    assert error.detail == "date 上月, should be (none)"


def test_the_page_counts_each_kind_and_escapes_the_text() -> None:
    page = as_markdown("news-units dev", [EXAMPLE], [Document(text=TEXT, departures=(INVENTED,))])
    assert "## missed (1)" in page
    assert "## differs (0)" in page
    assert "出任\\*合伙人\\*" in page


def test_sentences_around_a_passage_over_two_sentences() -> None:
    assert sentences_around("甲。\n乙。丙。", 0, 4) == "甲。 乙。"
    assert sentences_around("", 0, 0) == ""
