"""Errors as people read them: 403, 404, 500 and mistakes that can be mended, as a page or as problem+json (RFC 9457).

Named in `project/urls.py` as `handler403 = "luoshi.web.errors.forbidden"` and so on. No personal data and no addresses
reach an error page: a 404 says the same for what does not exist and for what lies outside the viewer's region.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from luoshi.kernel.errors import NotFound, Refused, UserError
from luoshi.web import fhir


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program: an address below `/api/` or `/fhir/`, or JSON preferred over HTML."""
    if request.path.startswith(("/api/", "/fhir/")):
        return True
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def problem(status: int, title: str, detail: str = "") -> JsonResponse:
    """One error as `application/problem+json`."""
    body = {"type": "about:blank", "status": status, "title": title} | ({"detail": detail} if detail else {})
    return JsonResponse(
        body, status=status, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False}
    )


def page(request: HttpRequest, status: int, title: str, detail: str, todo: str = "") -> HttpResponse:
    """One error for whoever asked: a page with what happened and what to do next, or problem+json."""
    if fhir.is_fhir(request):
        return fhir.problem(status, title, f"{detail} {todo}".strip())
    if wants_json(request):
        return problem(status, title, f"{detail} {todo}".strip())
    context = {"status": status, "title": title, "detail": detail, "todo": todo, "error_page": True}
    return HttpResponse(render_to_string("web/error.html", context, request), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request itself could not be read."""
    return page(request, 400, _("请求无法识别"), _("浏览器发来的内容不完整或格式不对。"), _("请返回上一页重试。"))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: signed in, but the role does not allow it."""
    return page(
        request,
        403,
        _("没有这项权限"),
        _("您的账号没有使用这一功能的权限。"),
        _("如工作需要，请联系本单位的账号管理员。"),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 when a form's protection token is missing or stale."""
    return page(request, 403, _("页面已过期"), _("这个页面打开得太久，提交没有生效。"), _("请刷新页面后重新提交。"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: not there, or not within the viewer's region; the page does not say which."""
    return page(
        request,
        404,
        _("没有找到"),
        _("这个页面不存在，或不在您的管理范围内。"),
        _("请检查地址，或从导航重新进入。"),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. Rendered without the database, which may be what failed."""
    title, detail = _("系统出错了"), _("这次操作没有完成，错误已记入日志。")
    if fhir.is_fhir(request):
        return fhir.problem(500, title, detail)
    if wants_json(request):
        return problem(500, title, detail)
    context = {"status": 500, "title": title, "detail": detail, "todo": _("请稍后重试；若反复出现，请联系管理员。")}
    return HttpResponse(render_to_string("web/error_plain.html", context), status=500)


def user_error(request: HttpRequest, error: UserError) -> HttpResponse:
    """A mistake the user can mend, said in its own words: 404 for `NotFound`, 409 for `Refused`, else 400."""
    status = 404 if isinstance(error, NotFound) else 409 if isinstance(error, Refused) else 400
    title = {404: _("没有找到"), 409: _("不能这样做"), 400: _("请检查输入")}[status]
    where = f"{error.where}: " if error.where else ""
    return page(request, status, title, f"{where}{error.message}", error.todo)
