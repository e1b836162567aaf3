"""Pages of the duty desk: lists, one duty, issuing and splitting, a promise with who answers for it."""

from django.urls import path

from luoshi.services.duty_desk.pages import handing, issuing, lists, one, promise, splitting

app_name = "duty_desk"

urlpatterns = [
    path("", lists.mine, name="duties"),
    path("below/", lists.below, name="below"),
    path("receive/", lists.receive, name="receive"),
    path("issue/", issuing.plans, name="plans"),
    path("issue/<int:plan_id>/", issuing.plan, name="issue"),
    path("queries/", lists.queries_open, name="queries"),
    path("<int:number>/", one.duty, name="duty"),
    path("<int:number>/move/", one.move, name="move"),
    path("<int:number>/assign/", one.assign, name="assign"),
    path("<int:number>/handler/", one.handler, name="handler"),
    path("<int:number>/comment/", one.comment, name="comment"),
    path("<int:number>/watch/", one.watch, name="watch"),
    path("<int:number>/report/", handing.report, name="report"),
    path("<int:number>/file/", handing.hand_in, name="file"),
    path("files/<int:number>/", handing.file, name="file-open"),
    path("files/<int:number>/judge/", handing.judge, name="file-judge"),
    path("queries/<int:number>/", handing.query, name="query"),
    path("<int:number>/split/", splitting.split, name="split"),
    path("<int:number>/split/check/", splitting.check, name="split-check"),
    path("promise/<int:target_id>/<str:division>/", promise.promise, name="promise"),
    path("promise/<int:target_id>/<str:division>/light/", promise.light, name="light"),
    path("promise/<int:target_id>/<str:division>/comment/", promise.comment, name="promise-comment"),
]
