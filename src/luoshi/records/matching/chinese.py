"""What is particular to China: characters and their sounds, names that are none yet, the resident ID in SQL."""

from __future__ import annotations

import re
from functools import cache

import pyarrow as pa

from luoshi.kernel.identifiers import _ID_CHECKS, _ID_WEIGHTS

# Two-character family names still met. The first character of any other name is the family name.
COMPOUND_SURNAMES = [
    "欧阳",
    "太史",
    "端木",
    "上官",
    "司马",
    "东方",
    "独孤",
    "南宫",
    "万俟",
    "闻人",
    "夏侯",
    "诸葛",
    "尉迟",
    "公羊",
    "赫连",
    "澹台",
    "皇甫",
    "宗政",
    "濮阳",
    "公冶",
    "太叔",
    "申屠",
    "公孙",
    "慕容",
    "仲孙",
    "钟离",
    "长孙",
    "宇文",
    "司徒",
    "鲜于",
    "司空",
    "闾丘",
    "子车",
    "亓官",
    "司寇",
    "巫马",
    "公西",
    "颛孙",
    "壤驷",
    "公良",
    "漆雕",
    "乐正",
    "宰父",
    "谷梁",
    "拓跋",
    "夹谷",
    "轩辕",
    "令狐",
    "段干",
    "百里",
    "呼延",
    "东郭",
    "南门",
    "羊舌",
    "微生",
    "公户",
    "公玉",
    "公仪",
    "梁丘",
    "公仲",
    "公上",
    "公门",
    "公山",
    "公坚",
    "左丘",
    "公伯",
    "西门",
    "公祖",
    "第五",
    "公乘",
    "贯丘",
    "公皙",
    "南荣",
    "东里",
    "东宫",
    "仲长",
    "子书",
    "子桑",
    "即墨",
    "达奚",
    "褚师",
]
# Sounds of characters that as family names are read otherwise than usually.
_AS_SURNAME = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "区": "ou", "朴": "piao", "查": "zha", "盖": "ge",
    "尉": "wei", "任": "ren", "华": "hua", "乐": "yue", "覃": "qin", "缪": "miao", "翟": "zhai", "员": "yun",
}  # fmt: skip
# Other writings of one character that no table of simplification joins, as met in names.
_VARIANTS = dict(
    pair.split("=")
    for pair in [
        "堃=坤",
        "喆=哲",
        "峯=峰",
        "濶=阔",
        "昇=升",
        "崐=昆",
        "甯=宁",
        "珮=佩",
        "薰=熏",
        "暎=映",
        "祕=秘",
        "羣=群",
        "裏=里",
        "畧=略",
        "囍=喜",
        "琍=莉",
        "姸=妍",
        "贇=赟",
        "昺=炳",
        "晳=晰",
        "鍾=钟",
        "锺=钟",
        "蕭=肖",
        "萧=肖",
        "閆=闫",
        "徵=征",
        "乾=干",
        "穀=谷",
        "甦=苏",
        "騐=验",
        "彞=彝",
        "兪=俞",
        "呂=吕",
        "衞=卫",
        "靑=青",
    ]
)
# Names that are none yet: "王芳之子", a child of 王芳 before it is named.
_ORDER = "(长|大|次|小|二|三|老大|老二|老三|双胎之一|双胎之二)?"
PLACEHOLDER_MARK = f"(之|的){_ORDER}(子|女|儿|婴|婴儿)$|(宝宝|毛毛|婴儿|未取名|待取名|无名氏|无名)$"

_SUM = " + ".join(f"(ascii(substr(x, {i}, 1)) - 48) * {weight}" for i, weight in enumerate(_ID_WEIGHTS, 1))
MACROS = (
    f"CREATE OR REPLACE TEMP MACRO resident_id_check(x) AS substr('{_ID_CHECKS}', ({_SUM}) % 11 + 1, 1)",
    # A number of 15 digits with the century put in, which then lacks its check character.
    "CREATE OR REPLACE TEMP MACRO resident_id_17(x) AS CASE WHEN regexp_full_match(x, '[0-9]{15}') "
    "THEN substr(x, 1, 6) || '19' || substr(x, 7) END",
    "CREATE OR REPLACE TEMP MACRO resident_id_valid(x) AS CASE WHEN x IS NULL THEN NULL "
    "ELSE regexp_full_match(x, '[1-9][0-9]{16}[0-9X]') AND resident_id_check(x) = substr(x, 18, 1) "
    "AND try_strptime(substr(x, 7, 8), '%Y%m%d') IS NOT NULL END",
)


def blur(sound: str) -> str:
    """A syllable without the differences that dialects do not hear: zh/z, ch/c, sh/s, n/l, f/h, -ng/-n."""
    for long, short in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if sound.startswith(long):
            sound = short + sound[2:]
    if sound.startswith("n"):
        sound = "l" + sound[1:]
    if sound.endswith("ng"):
        sound = sound[:-1]
    return sound


# What is derived from a name: its usual characters and the same in order, its sounds, its blurred sounds, the sound of the
# family name and that of the given name.
PARTS = ("canonical", "ordered", "sound", "blurred", "surname", "given")
_LEFT_OUT = re.compile("[\\s·•・.\\-_''’（）()]")
_PLACEHOLDER = re.compile(PLACEHOLDER_MARK)
_COMPOUND = frozenset(COMPOUND_SURNAMES)
_NONE = (None,) * len(PARTS)


def parts(name: str) -> tuple[str | None, ...]:
    """The `PARTS` of a name as written; all None for one that is none yet ("王芳之子")."""
    text = _LEFT_OUT.sub("", name.lower())
    if not text or _PLACEHOLDER.search(name):
        return _NONE
    known = _characters()
    plain, sounds, first, blurred = zip(*(known.get(c) or (c, c, c, c) for c in text), strict=True)
    compound = text[:2] in _COMPOUND
    after = "".join(sounds[1:])
    return (
        "".join(plain),
        "".join(sorted(plain)),
        first[0] + after,
        "".join(blurred),
        first[0] + sounds[1] if compound else first[0],
        ("".join(sounds[2:]) if compound else after) or None,
    )


def parted(names: pa.ChunkedArray) -> dict[str, pa.Array]:
    """`parts` of a column of names, a column for each part; each different name is looked at once."""
    coded = pa.chunked_array([names.combine_chunks()]).combine_chunks().dictionary_encode()
    made = [parts(name) for name in coded.dictionary.to_pylist()]
    return {
        part: pa.array([found[place] for found in made], pa.string()).take(coded.indices)
        for place, part in enumerate(PARTS)
    }


@cache
def _characters() -> dict[str, tuple[str, str, str, str]]:
    """Of each character in use: the plain character it counts as, its sound (pinyin without tones), its sound as a
    family name, and the blurred sound."""
    from opencc import OpenCC
    from pypinyin import Style, pinyin
    from pypinyin.constants import PINYIN_DICT

    listed = [chr(point) for point in sorted(PINYIN_DICT) if 0x3400 <= point <= 0x9FFF]
    simple = OpenCC("t2s").convert("\n".join(listed)).split("\n")
    plain = [_VARIANTS.get(s, _VARIANTS.get(c, s)) for c, s in zip(listed, simple, strict=True)]
    sounds = {c: _sound(pinyin(c, style=Style.NORMAL, heteronym=False)[0][0]) for c in set(plain) | set(listed)}
    return {
        c: (p, sounds[p], _AS_SURNAME.get(p, sounds[p]), blur(sounds[p])) for c, p in zip(listed, plain, strict=True)
    }


def _sound(text: str) -> str:
    return text.replace("ü", "v").replace("ê", "e")
