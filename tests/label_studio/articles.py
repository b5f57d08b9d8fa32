"""Texts of our own in which offsets go wrong easily."""

from __future__ import annotations

#: Emoji (one of several code points), a rare character, CRLF and CR, full-width forms, combining marks, mark-up.
WILD = (
    "😀😀【快讯】3月，星河科技首席执行官林知远宣布辞职，😀随后加入云栖智能。\r\n"
    "👨\u200d👩\u200d👧 據悉，前青木資本合夥人周以安離開公司，創辦了 Boson Labs，獲得1.13億美元融資。\r\n\r\n"
    "ＡＢＣ集团（𠮷 e\u0301）　首席财务官陈若水\t告诉记者 <b>&amp;</b>：年薪从80万元到200万元不等。\n"
    "\u200b去年底，海潮集团总裁Sam Lee离职。\n"
)
