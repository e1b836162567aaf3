"""Forms of the desk."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from luoshi.platform.sources.models import Mode, Registration


class SourceForm(forms.Form):
    """A registration. `name` stands only in the form of a new one."""

    name = forms.CharField(
        label=_("名称"), max_length=60, help_text=_("字母、数字和连字符，如 his-h1；登记后不再改变。")
    )
    title = forms.CharField(label=_("说明"), max_length=200, required=False)
    institution = forms.CharField(label=_("机构代码"), max_length=60, required=False)
    division = forms.CharField(
        label=_("区划代码"), max_length=24, required=False, help_text=_("机构的系统填机构代码；区域平台等填区划代码。")
    )
    contact = forms.CharField(label=_("联系人"), max_length=200, required=False)
    mode = forms.ChoiceField(label=_("不合格时"), choices=Mode.choices)
    profile = forms.ChoiceField(
        label=_("校验规则"), required=False, choices=[("", _("仅 FHIR R4")), ("cn", _("FHIR R4 与中国规则"))]
    )
    active = forms.BooleanField(label=_("启用"), required=False, initial=True)

    @classmethod
    def of(cls, registration: Registration) -> SourceForm:
        """The form filled with what stands."""
        source = registration.source
        form = cls(
            initial={
                "title": source.title,
                "institution": source.institution,
                "division": "" if source.institution else source.division,
                "contact": registration.contact,
                "mode": registration.mode,
                "profile": registration.profile,
                "active": registration.active,
            }
        )
        del form.fields["name"]
        return form


class FeedForm(forms.Form):
    """What a source declares to send."""

    kind = forms.CharField(
        label=_("内容"),
        max_length=60,
        required=False,
        help_text=_("资源类型，或 cda:prescription、hl7v2:ADT、csv:名称；留空为任何数据。"),
    )
    hours = forms.IntegerField(label=_("至少每几小时一次"), min_value=1, max_value=8784, initial=24)
    since = forms.DateField(label=_("起始日"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
