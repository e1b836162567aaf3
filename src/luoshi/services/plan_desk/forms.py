"""Forms of the desk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from luoshi.kernel.comparator import OPS
from luoshi.services.plan_desk import rules
from luoshi.services.plan_desk.models import Binding, Plan, Target, Task

OP_LABELS = {
    ">=": _("≥ 不低于"), "<=": _("≤ 不超过"), ">": _("> 高于"), "<": _("< 低于"), "=": _("= 达到"), "between": _("区间"),
}  # fmt: skip


class UploadForm(forms.Form):
    """A plan document, and for which division."""

    file = forms.FileField(
        label=_("规划文件"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".docx,.pdf,.txt,.html,.htm,.xlsx"}),
    )
    division = forms.CharField(label=_("归属区划代码"), required=False, max_length=24)
    amends = forms.ChoiceField(label=_("是哪份规划的修订"), required=False)

    def __init__(self, *args: Any, plans: Sequence[Plan] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["amends"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", _("不是修订，是新的规划")),
            *((str(p.pk), f"{p.title}（{p.division.name}）") for p in plans),
        ]


class TargetForm(forms.Form):
    """The fields of a target that can be corrected."""

    metric = forms.CharField(label=_("指标"), max_length=300, widget=forms.TextInput(attrs={"autofocus": True}))
    op = forms.ChoiceField(label=_("比较"), choices=[(op, OP_LABELS[op]) for op in OPS])
    value = forms.FloatField(label=_("目标值"))
    upper = forms.FloatField(label=_("上限"), required=False)
    unit = forms.CharField(label=_("单位"), max_length=30, required=False)
    deadline = forms.CharField(label=_("时限"), max_length=10, required=False)
    baseline = forms.FloatField(label=_("基期值"), required=False)
    kind = forms.ChoiceField(label=_("性质"), choices=list(rules.KINDS.items()))
    force = forms.ChoiceField(label=_("约束力"), choices=list(rules.FORCES.items()))
    scope = forms.CharField(label=_("范围"), max_length=200, required=False)

    @classmethod
    def of(cls, target: Target) -> TargetForm:
        """The form filled with what stands."""
        values = {name: getattr(target, name) for name in cls.base_fields}
        plain = {name: rules.amount(value) if isinstance(value, float) else value for name, value in values.items()}
        return cls(initial=plain)


class NewTargetForm(TargetForm):
    """A target the reader missed: where its sentence is, or the sentence itself."""

    start = forms.IntegerField(required=False, widget=forms.HiddenInput)
    end = forms.IntegerField(required=False, widget=forms.HiddenInput)
    quote = forms.CharField(label=_("原文句子"), widget=forms.Textarea(attrs={"rows": 3}))

    field_order = ["quote"]

    def __init__(self, *args: Any, text: str = "", **kwargs: Any) -> None:
        self.text = text
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """The sentence must stand in the document; a selection says which one is meant."""
        data: dict[str, Any] = super().clean() or {}
        quote = (data.get("quote") or "").strip()
        start, end = data.get("start"), data.get("end")
        if quote and (start is None or end is None or self.text[start:end].strip() != quote):
            start = self.text.find(quote)
            end = start + len(quote)
            if start < 0:
                self.add_error("quote", _("原文中没有这句话。请从原文中复制，一字不差。"))
        data["start"], data["end"] = start, end
        return data


class TaskForm(forms.Form):
    """The fields of a task that can be corrected; departments are parted by 、."""

    number = forms.CharField(label=_("序号"), max_length=40, required=False)
    title = forms.CharField(label=_("标题"), max_length=300, required=False)
    lead_units = forms.CharField(label=_("牵头单位"), required=False, widget=forms.Textarea(attrs={"rows": 1}))
    units = forms.CharField(label=_("责任单位"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    deadline = forms.CharField(label=_("时限"), max_length=10, required=False)

    @classmethod
    def of(cls, task: Task) -> TaskForm:
        """The form filled with what stands."""
        return cls(
            initial={
                "number": task.number,
                "title": task.title,
                "lead_units": "、".join(task.lead_units),
                "units": "、".join(task.units),
                "deadline": task.deadline,
            }
        )

    def clean_lead_units(self) -> list[str]:
        """A list of names."""
        return names(self.cleaned_data["lead_units"])

    def clean_units(self) -> list[str]:
        """A list of names."""
        return names(self.cleaned_data["units"])


def names(text: str) -> list[str]:
    """Names parted by 、, commas, semicolons or lines, but not inside brackets (各县（市、区）人民政府)."""
    found: list[str] = []
    depth, current = 0, ""
    for character in text:
        depth += (character in "（(") - (character in "）)")
        if depth <= 0 and character in "、，,；;\n":
            found.append(current)
            current = ""
        else:
            current += character
    found.append(current)
    cleaned = [re.sub(r"\s+", "", name) for name in found]
    return list(dict.fromkeys(name for name in cleaned if name))


class BindingForm(forms.Form):
    """How a target is measured."""

    kind = forms.ChoiceField(label=_("数据来源"), choices=Binding.Kind.choices)
    indicator = forms.ChoiceField(label=_("指标定义"), required=False)
    verdict = forms.ChoiceField(label=_("能否计算"), choices=Binding.Verdict.choices)
    missing = forms.CharField(label=_("缺少的来源"), max_length=300, required=False)

    def __init__(self, *args: Any, choices: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["indicator"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "—"), *choices]


class LedgerForm(forms.Form):
    """An edited ledger."""

    file = forms.FileField(
        label=_("改好的台账（.xlsx）"), allow_empty_file=True, widget=forms.FileInput(attrs={"accept": ".xlsx"})
    )


class IntoForm(forms.Form):
    """Which item takes this one in."""

    into = forms.ChoiceField(label=_("并入"))

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["into"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class SplitTaskForm(forms.Form):
    """Where a task is cut."""

    words = forms.CharField(
        label=_("第二项任务的开头"), max_length=200, widget=forms.TextInput(attrs={"autofocus": True})
    )
