"""The account of a resident: children they read for, password, closing it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access import actions as access
from luoshi.platform.access.forms import NewPasswordForm
from luoshi.platform.identity import joined, links
from luoshi.services.resident_portal import actions, queries
from luoshi.services.resident_portal.forms import CounterForm
from luoshi.services.resident_portal.guards import PortalRequest, resident_page
from luoshi.services.resident_portal.models import Proxy


@resident_page
@require_http_methods(["GET", "POST"])
def account(request: PortalRequest) -> HttpResponse:
    """Children, password, and closing the account."""
    request.subject = queries.subject(request.account, links.root(request.account.person))
    child, password = CounterForm(), NewPasswordForm(user=request.user)
    done = ""
    if request.method == "POST":
        match request.POST.get("do"):
            case "child":
                child = CounterForm(request.POST)
                done = _add_child(request, child)
            case "password":
                password = NewPasswordForm(request.POST, user=request.user)
                if password.is_valid():
                    access.set_password(user=request.user, password=password.cleaned_data["new"], by=request.user)
                    update_session_auth_hash(request, request.user)
                    done = _("密码已更换。")
            case "end":
                number = request.POST.get("proxy", "")
                wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 18 else 0
                proxy = Proxy.objects.filter(pk=wanted, account=request.account).first()
                if proxy is None:
                    raise Http404
                actions.end_guardian(proxy=proxy, by=request.user)
                done = _("已结束代为查看。")
            case "close":
                actions.close(account=request.account, by=request.user)
                logout(request)
                messages.info(request, _("账号已关闭。需要时可到签约机构窗口重新开通。"))
                return redirect("resident_portal:sign-in")
    if done:
        messages.success(request, done)
        return redirect("resident_portal:account")
    children = Proxy.objects.filter(account=request.account, ended_at__isnull=True, until__gte=clock.today())
    children = children.annotate(counts_for=joined.top())
    names = dict(request.subject.others)
    context = {
        "child": child,
        "password": password,
        "children": [(proxy, names.get(proxy.counts_for, "—")) for proxy in children],
    }
    context |= {"subject": request.subject, "here": "account"}
    status = 400 if request.method == "POST" else 200
    return render(request, "resident_portal/account.html", context, status=status)


def _add_child(request: PortalRequest, form: CounterForm) -> str:
    if form.is_valid():
        data = form.cleaned_data
        try:
            actions.become_guardian(
                account=request.account, identifier=data["identifier"], name=data["name"], code=data["code"]
            )
        except UserError as error:
            form.add_error(None, f"{error.message} {error.todo}".strip())
        else:
            return _("已添加，可以代孩子查看。")
    return ""


urlpatterns = [path("account/", account, name="account")]
