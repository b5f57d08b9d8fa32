from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model import names, organizations
from ie_model.decoding import Span
from ie_model.names import cluster, fullest_variant, normal_form, same_organization, same_person
from ie_model.script import model_view, to_traditional

PARTS = ("云", "栖", "星", "河", "科技", "集团", "有限公司", "智能", "Meta", "verse", "AI", "Labs", " ", "·", "李")
NAMES = st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map(lambda parts: "".join(parts).strip() or "云")


@given(a=NAMES, b=NAMES)
def test_sameness_is_symmetric_and_reflexive(a: str, b: str) -> None:
    for same in (same_person, same_organization):
        assert same(a, a)
        assert same(a, b) == same(b, a)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("林知远", "林知遠", True),
        ("林知远", "知远", True),
        ("林知远", "林知", False),
        ("林知远", "远", False),
        ("林知", "知", False),
        ("Mustafa Suleyman", "Mustafa", True),
        ("Mustafa Suleyman", "suleyman", True),
        ("Mustafa Suleyman", "Must", False),
        ("Sam Altman", "Sam Bankman", False),
        ("拉里·佩奇", "佩奇", True),
        ("拉里·佩奇", "拉里", True),
        ("拉里·佩奇", "里", False),
        ("Ｓａｍ Altman", "SAM ALTMAN", True),
        ("陈若水", "林若水", False),
        ("欧阳见山", "见山", True),
        ("林知远", "林", False),
        ("欧阳见山", "欧阳", False),
        ("欧阳见", "阳见", False),
        ("Terry 晏", "Terry", True),
        ("Terry 晏", "晏", True),
        ("陸 Vincent 維正", "陸", True),
        ("JamieWhitlock", "Jamie", True),
        ("Mei-Ling Hart", "Hart", True),
        ("O'Hara", "Hara", False),
        ("Yann LeCun", "LeCun", True),
        ("Ada McCarthy", "McCarthy", True),
        ("骑白马的老蔡", "老蔡", True),
    ],
)
def test_persons(a: str, b: str, expected: bool) -> None:
    assert same_person(a, b) is expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("阿里", "阿里巴巴", True),
        ("阿裏", "阿里巴巴集团", True),
        ("阿里巴巴", "阿里巴巴达摩院", True),
        ("星河科技", "星河", True),
        ("星河科技", "星河科技集团有限公司", True),
        ("星河", "青木", False),
        ("河科技", "星河科技", False),
        ("云栖科技", "云栖智能", False),
        ("Meta", "Metaverse", False),
        ("Meta", "Meta AI", True),
        ("Meta", "Meta达摩院", True),
        ("OpenAI", "openai Inc.", True),
        ("星", "星河", False),
        ("公司", "公司", True),
        ("东鼎集团", "东鼎百货", True),
        ("东鼎百货", "东鼎开发", False),
        ("北京青木智能技术有限公司", "青木智能", True),
        ("青木计算（上海）有限公司", "青木", True),
        ("國立故宮博物院", "故宮", True),
        ("阿里巴巴達摩院", "達摩院", True),
        ("星河集团人工智能实验室", "人工智能实验室", True),
        ("望江大模型研究院", "研究院", True),
        ("International Robotics Alliance", "IRA", True),
        ("Google 大脑团队", "谷歌", True),
        ("googol", "谷歌", False),
        ("亚马逊 AWS", "AWS", True),
        ("Meta", "MetaAI", True),
        ("青木石化", "青木石化工会", False),
        ("南海大学", "河南海大学", False),
        ("京东", "京东方", False),
        ("京东", "京东方科技集团", False),
        ("京东方", "京东方科技集团", True),
        ("大众", "大众点评", False),
        ("大众点评", "大众点评研究院", True),
        ("Google", "谷歌中国", True),
        ("MIT", "麻省理工学院", True),
        ("MITRE", "麻省理工学院", False),
        ("JD.com", "京东", True),
        ("国泰", "国泰君安证券", False),
        ("阿里巴巴", "阿里云", False),
        ("阿里", "阿里云", True),
        ("中国平安", "平安", True),
        ("中国银行", "招商银行", False),
    ],
)
def test_organizations(a: str, b: str, expected: bool) -> None:
    assert same_organization(a, b) is expected


def test_normal_form() -> None:
    assert normal_form("Ｏpen AI　研究院（離）") == "openai研究院(离)"
    assert normal_form("林\u200b知远\ufeff") == "林知远"


def test_the_fullest_variant_is_never_a_unit() -> None:
    names = ["星河", "星河科技", "星河科技集团", "星河研究院", "青木集团"]
    assert fullest_variant("星河", names) == "星河科技集团"
    assert fullest_variant("星河研究院", names) == "星河研究院"
    assert fullest_variant("云栖", names) == "云栖"


def clustered(text: str, *mentions: tuple[str, str]) -> list[tuple[str, str]]:
    """(mention, canonical form) of mentions that follow each other in the text."""
    spans, at = [], 0
    for surface, label in mentions:
        at = text.index(surface, at)
        spans.append(Span(label, at, at + len(surface), at, at + len(surface), 1.0))
        at += len(surface)
    heads = [spans[index] for index in cluster(text, spans)]
    return [(m[0], text[head.start : head.end]) for m, head in zip(mentions, heads, strict=True)]


def test_mentions_of_one_person_and_one_company() -> None:
    text = "知远说，星河的林知远离开了星河科技，林知远说。"
    mentions = (
        ("知远", "PERSON"),
        ("星河", "ORG"),
        ("林知远", "PERSON"),
        ("星河科技", "ORG"),
        ("林知远", "PERSON"),
    )
    assert [head for _, head in clustered(text, *mentions)] == ["林知远", "星河科技", "林知远", "星河科技", "林知远"]


def test_the_earliest_of_equal_mentions_is_canonical() -> None:
    spans = [Span("PERSON", at, at + 3, at, at + 3, 1.0) for at in (0, 4, 8)]
    assert cluster("林知远，林知遠，林知远。", spans) == [0, 0, 0]


def test_a_part_that_fits_two_persons_names_neither() -> None:
    text = "Sam Altman 和 Sam Bankman，Sam 说"
    found = clustered(text, ("Sam Altman", "PERSON"), ("Sam Bankman", "PERSON"), ("Sam", "PERSON"))
    assert found == [("Sam Altman", "Sam Altman"), ("Sam Bankman", "Sam Bankman"), ("Sam", "Sam")]


def test_a_part_of_one_person_in_several_forms() -> None:
    text = "Sam Altman、SAM ALTMAN，Sam 说"
    found = clustered(text, ("Sam Altman", "PERSON"), ("SAM ALTMAN", "PERSON"), ("Sam", "PERSON"))
    assert {head for _, head in found} == {"Sam Altman"}


#: Two persons' names with what stands around them, and whether the text says that they are one.
TOLD = [
    ("周以安（花名：钟煌）说", True),
    ("周以安(钟煌)说", True),
    ("周以安 （ 又名 钟煌）说", True),
    ("周以安，花名钟煌，昨日离职", True),
    ("周以安本名钟煌", True),
    ("周以安给自己取了个中文名叫钟煌", True),
    ("认识周以安的人都叫他“钟煌”", True),
    ("离开那天，周以安把花名还给了系统。\n他本名钟煌", True),
    ("花名“周以安”的\n钟煌在淘宝待了十二年", True),
    ('" 周以安 " 是钟煌在阿里的花名', True),
    ("江湖人称“周以安”的钟煌", True),
    ("周以安（老板钟煌）说", False),
    ("周以安、钟煌说", False),
    ("周以安（钟煌的朋友）说", False),
    ("周以安的同事、花名钟煌", False),
    ("周以安和花名钟煌的同事", False),
    ("周以安的钟煌", False),
    ("周以安是钟煌的上司", False),
    ("周以安说他叫来了钟煌", False),
    ("周以安又称钟煌不会离开", False),
    ("周以安又称“钟煌”，今年三十岁", True),
]


@pytest.mark.parametrize(("text", "one"), TOLD)
def test_other_names_that_the_text_tells(text: str, one: bool) -> None:
    heads = {head for _, head in clustered(text, ("周以安", "PERSON"), ("钟煌", "PERSON"))}
    assert len(heads) == (1 if one else 2)


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("江州清源股份（以下简称“甲乙”）公告", True),
        ("江州清源股份，简称甲乙", True),
        ("江州清源股份（“甲乙”）公告", True),
        ("江州清源股份（甲乙）公告", False),  # 甲公司（乙公司的子公司）
        ("江州清源股份收购甲乙", False),
        ("江州清源股份的甲乙实验室", True),
        ("江州清源股份下面的甲乙实验室", True),
        ("江州清源股份和甲乙实验室", False),
        ("江州清源股份又称甲乙侵犯其专利", False),
        ("江州清源股份又称甲乙，上周上市", True),
    ],
)
def test_short_forms_and_units_that_the_text_tells(text: str, one: bool) -> None:
    other = "甲乙实验室" if "甲乙实验室" in text else "甲乙"
    heads = {head for _, head in clustered(text, ("江州清源股份", "ORG"), (other, "ORG"))}
    assert len(heads) == (1 if one else 2)


def test_a_chinese_name_and_its_latin_form() -> None:
    text = "林知远（Zhiyuan Lin）离职，Lin 说"
    found = clustered(text, ("林知远", "PERSON"), ("Zhiyuan Lin", "PERSON"), ("Lin", "PERSON"))
    assert {head for _, head in found} == {"林知远"}
    text = "Zhiyuan Lin（林知远）离职"
    assert {h for _, h in clustered(text, ("Zhiyuan Lin", "PERSON"), ("林知远", "PERSON"))} == {"Zhiyuan Lin"}


@pytest.mark.parametrize("short", ["林", "老林", "小林"])
def test_a_surname_names_a_person_of_the_article(short: str) -> None:
    assert {h for _, h in clustered(f"林知远说，{short}说", ("林知远", "PERSON"), (short, "PERSON"))} == {"林知远"}
    assert len({h for _, h in clustered(f"陈若水说，{short}说", ("陈若水", "PERSON"), (short, "PERSON"))}) == 2


def test_a_bare_surname_goes_back_to_a_full_name() -> None:
    assert {h for _, h in clustered("林知远和林的同事", ("林知远", "PERSON"), ("林", "PERSON"))} == {"林知远"}
    assert len({h for _, h in clustered("林老太太和林知远", ("林", "PERSON"), ("林知远", "PERSON"))}) == 2
    text = "林知远、林若水，林说"
    found = clustered(text, ("林知远", "PERSON"), ("林若水", "PERSON"), ("林", "PERSON"))
    assert [head for _, head in found] == ["林知远", "林若水", "林"]


@pytest.mark.parametrize(
    ("full", "short", "other"),
    [
        ("中国国际航空", "国航", "国药航运"),
        ("聯華電子", "聯電", "聯山電力"),
        ("江南理工大学", "江理工", "江北理工大学"),
        ("中国科学院", "中科院", "中州科技学院"),
        ("香港大學", "港大", "港口大学"),
        ("香港交易所", "港交所", "港口交易所"),
        ("中華航空", "華航", "华夏航空"),
        ("上海交通大学", "上海交大", "上海交广大学"),
        ("电子科技大学", "电子科大", "电子科学大学"),
    ],
)
def test_an_abbreviation_follows_the_full_name(full: str, short: str, other: str) -> None:
    assert {h for _, h in clustered(f"{full}说，{short}说", (full, "ORG"), (short, "ORG"))} == {full}
    assert len({h for _, h in clustered(f"{short}说，{full}说", (short, "ORG"), (full, "ORG"))}) == 2
    found = clustered(f"{full}、{other}和{short}", (full, "ORG"), (other, "ORG"), (short, "ORG"))
    assert [head for _, head in found] == [full, other, short]  # it fits two


@pytest.mark.parametrize(("text", "head"), [("林远，花名逍遥子，说", "林远"), ("林远（逍遥子）说", "逍遥子")])
def test_a_nickname_is_not_what_somebody_is_called(text: str, head: str) -> None:
    assert {h for _, h in clustered(text, ("林远", "PERSON"), ("逍遥子", "PERSON"))} == {head}


def test_a_unit_that_two_companies_have_is_neithers() -> None:
    units = [("腾讯AI Lab", "ORG"), ("百度AI Lab", "ORG"), ("AI Lab", "ORG")]
    text = "腾讯AI Lab、百度AI Lab；此后AI Lab由她负责"
    assert [head for _, head in clustered(text, *units)] == [name for name, _ in units]
    assert len({head for _, head in clustered(text, units[1], units[2])}) == 1
    text = "阿里达摩院，阿里巴巴达摩院，达摩院"
    names = [(name, "ORG") for name in text.split("，")]
    assert len({head for _, head in clustered(text, *names)}) == 1


def test_a_unit_of_an_institution_leaves_its_short_name_alone() -> None:
    text = "北京大学，北京大学光华管理学院，北大"
    names = [(name, "ORG") for name in text.split("，")]
    assert len({head for _, head in clustered(text, *names)}) == 1


def test_a_registered_name_is_its_brands() -> None:
    for registered, brand in (
        ("北京星河智能科技有限公司", "星河"),
        ("上海米哈乐网络科技股份有限公司", "米哈乐"),
        ("深圳市大江创新科技有限公司", "大江"),
    ):
        text = f"{registered}说，{brand}说"
        assert {head for _, head in clustered(text, (registered, "ORG"), (brand, "ORG"))} == {registered}
    text = "北京星河智能有限公司和星河科技"
    names = [(name, "ORG") for name in text.split("和")]
    assert len({head for _, head in clustered(text, *names)}) == 2, "another firm"


def test_a_unit_that_the_text_gives_to_two_is_neithers() -> None:
    text = "百度的AI Lab和谷歌的AI Lab"
    units = [("百度", "ORG"), ("AI Lab", "ORG"), ("谷歌", "ORG"), ("AI Lab", "ORG")]
    assert [head for _, head in clustered(text, *units)] == ["百度", "AI Lab", "谷歌", "AI Lab"]
    assert len({head for _, head in clustered(text, *units[:2])}) == 1


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("陈以宁（Leo Chen，前星河总裁）说", True),
        ("陈以宁（英文名Leo Chen，花名石头）说", True),
        ("陈以宁（林知远，前星河总裁）说", False),
    ],
)
def test_a_bracket_may_say_more_behind_the_other_name(text: str, one: bool) -> None:
    other = "林知远" if "林知远" in text else "Leo Chen"
    assert (len({head for _, head in clustered(text, ("陈以宁", "PERSON"), (other, "PERSON"))}) == 1) is one


def test_a_unit_of_one_company_is_not_anothers() -> None:
    text = "美团的战略投资部，京东战略投资部看过"
    found = clustered(text, ("美团", "ORG"), ("战略投资部", "ORG"), ("京东战略投资部", "ORG"))
    assert len({head for _, head in found}) == 2


@pytest.mark.parametrize("label", ["PERSON", "ORG"])
def test_the_work_grows_with_the_number_of_names(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each distinct name is taken apart once, however many there are and however alike they begin."""
    module, name = (names, "_parts") if label == "PERSON" else (organizations, "Name")
    real, calls = getattr(module, name), 0

    def counted(surface: str, **options: bool) -> object:
        nonlocal calls
        calls += 1
        return real(surface, **options)

    monkeypatch.setattr(module, name, counted)
    characters = [c for c in map(chr, range(0x4E00, 0x5600)) if to_traditional(model_view(c)) == c]
    for size in (100, 400):
        text = "，".join([f"江州{c}{c}" for c in characters[:size]] * 2)
        spans = [Span(label, 5 * i, 5 * i + 4, 5 * i, 5 * i + 4, 1.0) for i in range(2 * size)]
        calls = 0
        assert cluster(text, spans) == [i % size for i in range(2 * size)]
        assert calls == size


def test_the_order_of_mentions_does_not_matter() -> None:
    names = ["云栖科技", "云栖智能"]
    for one, two in (names, names[::-1]):
        assert clustered(f"{one}和{two}", (one, "ORG"), (two, "ORG")) == [(one, one), (two, two)]


def test_roles_and_money_are_never_merged() -> None:
    text = "总裁，总裁，1元，1元"
    found = cluster(text, [Span("ROLE", a, a + 2, a, a + 2, 1.0) for a in (0, 3)])
    assert found == [0, 1]
    assert cluster("林 林", [Span("PERSON", 0, 1, 0, 1, 1.0), Span("ORG", 2, 3, 2, 3, 1.0)]) == [0, 1]


@pytest.mark.parametrize(
    ("full", "short", "one"),
    [
        ("美的集团", "美团", False),
        ("北京师范大学", "北大", False),
        ("北京大学", "北大", True),
        ("中国建设银行", "中行", False),
        ("中国银行", "中行", True),
        ("中国电信", "中信", False),
        ("MetaX", "Meta", False),
        ("联发科", "联发科技", True),
        ("台达电子", "台达电", True),
    ],
)
def test_short_names_are_those_that_the_press_uses(full: str, short: str, one: bool) -> None:
    text = f"{full}与{short}"
    ends = ((0, len(full)), (len(full) + 1, len(text)))
    spans = [Span("ORG", start, end, start, end, 1.0) for start, end in ends]
    assert (len(set(cluster(text, spans))) == 1) is one
