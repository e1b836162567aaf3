"""Why a record was not taken, in the language of the reader.

The validator says it in English (that is what a sender's program gets); here stands the same in Chinese. Each line is a
sentence of the validator with `{slots}` where something of the record or of R4 stands, and what to say of it. A sentence
that no line knows stays as it is, after the Chinese name of its code.
"""

from __future__ import annotations

import re
from functools import cache

from luoshi.web.manifest import in_language

_CODES = {
    "structure": "结构不对", "required": "缺少必填项", "value": "值不对", "invariant": "不满足 R4 的约束",
    "code-invalid": "编码不在规定的值集内", "business-rule": "不符合本地规则", "not-supported": "类型不支持",
    "too-long": "过长", "too-costly": "嵌套过深", "invalid": "内容不对", "duplicate": "重复", "conflict": "冲突",
    "not-found": "找不到", "multiple-matches": "找到多个", "processing": "无法处理", "deleted": "已删除",
}  # fmt: skip

_KINDS = {
    "an object": "对象", "an array": "数组", "a string": "文本", "text": "文本", "a number": "数字",
    "a whole number": "整数", "true or false": "true 或 false", "a boolean": "true 或 false", "null": "null",
}  # fmt: skip

_SENTENCES = {
    # JSON and structure
    "A resource is a JSON object.": "资源应当是一个 JSON 对象。",
    "Holds something that is not JSON, or is nested too deeply.": "含有不是 JSON 的内容，或嵌套过深。",
    "Nested too deeply.": "嵌套过深。",
    "Not UTF-8 text. FHIR JSON is UTF-8; convert the file (GB18030 is common) and send it again.":
        "不是 UTF-8 文本（常见的是 GB18030）。请转换为 UTF-8 后重报。",
    "Begins with a byte order mark. FHIR JSON has none; save the file as UTF-8 without it.":
        "文件以字节顺序标记（BOM）开头。请保存为不带 BOM 的 UTF-8。",
    "Not JSON: {what} (character {at}).": "不是 JSON：{what}（第 {at} 个字符）。",
    "A line of {length} bytes; at most {most} MiB are read. Attachments belong elsewhere.":
        "一行有 {length} 字节，最多读 {most} MiB。附件请另存。",
    "A key is given twice in one JSON object.": "同一个 JSON 对象里有重复的键。",
    "Does not fit the structure of R4.": "不符合 R4 的结构。",
    "Not a resource type of R4. {hint}": "不是 R4 的资源类型。{hint}",
    "Not a resource type of R4.": "不是 R4 的资源类型。",
    "This element is required.": "这一项必填。",
    "Only one type of a choice may be given.": "多选一的元素只能填一种。",
    "An array must not be empty.": "数组不能为空。",
    "An object must not be empty.": "对象不能为空。",
    "A string must not be empty.": "文本不能为空。",
    "null is not a value; leave the element out.": "null 不是值；没有内容时请去掉这一项。",
    "Must be a resource.": "应当是一个资源。",
    "May repeat, so must be an array that is not empty.": "可以重复的元素，应当是不为空的数组。",
    "May repeat, so must be an array, not {given}.": "可以重复的元素，应当是数组，不是{given}。",
    "Must be an object ({name}), not {given}.": "应当是对象（{name}），不是{given}。",
    "{name} must be between {least} and {most}.": "{name} 应当在 {least} 与 {most} 之间。",
    "{name} must be {words} in JSON, not {given}.": "{name} 在 JSON 里应当是{words}，不是{given}。",
    "{kind} has no such element. {hint}": "{kind} 没有这个元素。{hint}",
    "{kind} has no such element.": "{kind} 没有这个元素。",
    "A {name} has at most {most} characters.": "{name} 最多 {most} 个字符。",
    "Not a valid {name}.": "不是合规的 {name}（格式或日期不存在）。",
    # Codes and references
    "Not a code of the required value set {set} ({listed}).": "不是规定值集 {set} 里的编码（{listed}）。",
    "Needs a coding (system and code) of the required value set {set}.": "需要规定值集 {set} 里的编码（system 和 code）。",
    "Not a MIME type.": "不是 MIME 类型。",
    "Not a currency code of ISO 4217.": "不是 ISO 4217 的货币代码。",
    "Refers to a type that is not allowed here ({allowed}).": "引用的类型不允许出现在这里（{allowed}）。",
    "Not of the form Type/id with a type of R4 ({allowed}).": "引用应当写成“类型/id”，类型属于 R4（{allowed}）。",
    "A type that is not allowed here ({allowed}).": "这个类型不允许出现在这里（{allowed}）。",
    "reference: Refers to a contained {kind}; allowed: {allowed}.": "引用了内含的 {kind}；允许的是 {allowed}。",
    "reference: Refers to a {kind}; allowed: {allowed}.": "引用了 {kind}；允许的是 {allowed}。",
    "ref-1: Refers to a contained resource that is not there.": "引用的内含资源不存在（ref-1）。",
    # What only the whole of a resource shows
    "ele-1: an id alone is no content.": "只有 id，没有内容（ele-1）。",
    "per-1: The start is after the end.": "开始晚于结束（per-1）。",
    "rng-2: The low value is above the high value.": "低值大于高值（rng-2）。",
    "string: Contains a control character.": "含有控制字符。",
    "txt-1: The narrative is not well-formed XHTML.": "叙述不是规范的 XHTML（txt-1）。",
    "txt-1: The narrative has {what}.": "叙述里有不允许的内容（txt-1：{what}）。",
    "txt-2: The narrative has no content.": "叙述没有内容（txt-2）。",
    "dom-2: A contained resource may not contain others.": "内含资源不能再内含资源（dom-2）。",
    "dom-3: A contained resource must be referred to from the resource.": "内含资源没有被引用（dom-3）。",
    "dom-4: A contained resource has no version and no lastUpdated.": "内含资源不应有版本和更新时间（dom-4）。",
    "dom-5: A contained resource has no security label.": "内含资源不应有安全标签（dom-5）。",
    "obs-6: {text}": "没有结果值时才能写缺失原因（obs-6）。",
    "obs-7: The code of a component may not repeat that of a value.": "分项的编码与主结果重复（obs-7）。",
    "bdl-7: fullUrl and version must be unique in a bundle.": "同一个 Bundle 里 fullUrl 和版本不能重复（bdl-7）。",
    "bdl-8: fullUrl names no version.": "fullUrl 不能带版本（bdl-8）。",
    "bdl-11: A document begins with a Composition.": "文档的第一条应当是 Composition（bdl-11）。",
    "bdl-12: A message begins with a MessageHeader.": "消息的第一条应当是 MessageHeader（bdl-12）。",
    "inv-1: lastModified must not be before authoredOn.": "lastModified 早于 authoredOn（inv-1）。",
    "mdd-1: whenHandedOver must not be before whenPrepared.": "发药时间早于配药时间（mdd-1）。",
    "ext-1: {text}": "扩展要么有值，要么有下级扩展，二者取一（ext-1）。",
    "qty-3: {text}": "有单位编码时要写明编码系统（qty-3）。",
    "sqty-1: {text}": "这里的数量不能带比较符（sqty-1）。",
    "rat-1: {text}": "比值要同时有分子和分母（rat-1）。",
    "att-1: {text}": "附件有内容时要写明 contentType（att-1）。",
    "cpt-2: {text}": "联系方式要写明种类（cpt-2）。",
    "pat-1: {text}": "联系人至少要有姓名、电话、地址或机构之一（pat-1）。",
    "con-3: {text}": "临床状态与核实状态不相符（con-3）。",
    "con-4: {text}": "已缓解的诊断，临床状态应当是 inactive、resolved 或 remission（con-4）。",
    "con-5: {text}": "录入有误的诊断不应有临床状态（con-5）。",
    # Our rules for China
    "birthDate differs from the one in the resident ID.": "出生日期与身份证号中的不一致。",
    "gender differs from the one in the resident ID.": "性别与身份证号中的不一致。",
    "The day of death is before the day of birth.": "死亡日期早于出生日期。",
    "Born before 1850.": "出生于 1850 年以前。",
    "A record number usually has 17 digits.": "健康档案编号一般是 17 位数字。",
    "Written in an old or unusual way; it is understood, but send the present form.":
        "写法陈旧或少见；能够识别，但请按现行写法报送。",
    "This extension carries {name}.": "这个扩展应当带 {name}。",
    "A division code has 2, 4, 6, 9 or 12 digits.": "区划代码应当是 2、4、6、9 或 12 位数字。",
    "The zone is urban or rural.": "城乡只能是 urban 或 rural。",
    "The mode is face, phone or home.": "方式只能是 face、phone 或 home。",
    "The day the record was opened is a full date.": "建档日期应当是完整的日期。",
    "The day of access is a full date.": "开放日期应当是完整的日期。",
    "The nation is a code of GB/T 3304: 01 to 56, 97 (other) or 98 (foreign origin).":
        "民族应当是 GB/T 3304 的代码：01 至 56、97（其他）或 98（外国血统）。",
    "A resident ID has 17 digits and a check character (or 15 digits before 1999).":
        "身份证号应当是 17 位数字加校验码（1999 年前为 15 位数字）。",
    "The check character of the resident ID is wrong: probably a digit was mistyped.": "身份证号校验码不对，可能有一位录错。",
    "The birth date inside the resident ID does not exist.": "身份证号里的出生日期不存在。",
    "A unified social credit code has 18 characters of 0-9 and A-Y without I, O, S, V, Z.":
        "统一社会信用代码应当是 18 位，由 0-9 和除 I、O、S、V、Z 外的 A-Y 组成。",
    "The check character of the unified social credit code is wrong.": "统一社会信用代码的校验码不对。",
    "A health institution code has 9 characters, or 22 with its classification.": "卫生机构代码应当是 9 位，带分类时 22 位。",
    "The check character of the health institution code is wrong.": "卫生机构代码的校验码不对。",
    # References of a bundle
    "there is no such time.": "没有这个时间。",
    "A reference names an entry that is not in the bundle.": "引用的条目不在这个 Bundle 里。",
    "The resource is missing or of another type than the url.": "缺少资源，或资源类型与 url 不同。",
}  # fmt: skip
_INVARIANT = re.compile(r"([a-z]{2,8}-\d+[a-z]?): (.+)", re.DOTALL)
_SLOT = re.compile(r"\\{(\w+)\\}")
_LISTED = (("any resource type of R4", "R4 的任何资源类型"), ("allowed: ", "允许："), ("Did you mean ", "是不是 "))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(_SLOT.sub(r"(?P<\1>.+)", re.escape(sentence)), re.DOTALL), said)
        for sentence, said in _SENTENCES.items()
    )


def code(name: str) -> str:
    """The code of a reason, as its name in Chinese or as it is."""
    return in_language(f"{_CODES[name]}（{name}）" if name in _CODES else name, name)


def text(sentence: str, reason: str = "") -> str:
    """A sentence of the validator in the language of the reader. `reason`: its code, named before a sentence that has no
    Chinese form."""
    return in_language(chinese(sentence) or " ".join(x for x in (_CODES.get(reason, ""), sentence) if x), sentence)


@cache
def chinese(sentence: str) -> str:
    """The sentence in Chinese; "" where there is none. An invariant of R4 without words of its own is named by its key,
    with the words of R4 behind it."""
    for pattern, said in _patterns():
        match = pattern.fullmatch(sentence)
        if match:
            return said.format(**{name: _word(value) for name, value in match.groupdict().items()})
    invariant = _INVARIANT.fullmatch(sentence)
    return f"不满足 R4 的约束 {invariant[1]}：{invariant[2]}" if invariant else ""


def _word(value: str) -> str:
    value = _KINDS.get(value, value)
    for english, said in _LISTED:
        value = value.replace(english, said)
    return value
