"""Pages of the desk: schemes and runs, one division's sheet, appeals; the meeting and its screens."""

from django.urls import path

from luoshi.services.appraisal_desk.pages import meetings, runs

app_name = "appraisal_desk"

urlpatterns = [
    path("", runs.home, name="home"),
    path("schemes/<slug:slug>/", runs.scheme, name="scheme"),
    path("runs/new/", runs.new, name="new"),
    path("runs/<int:number>/", runs.run, name="run"),
    path("runs/<int:number>/<str:move>/", runs.move, name="move"),
    path("runs/<int:number>/of/<str:division>/", runs.division, name="division"),
    path("runs/<int:number>/of/<str:division>/appeal/", runs.appeal, name="appeal"),
    path("appeals/<int:number>/<str:move>/", runs.decide, name="decide"),
    path("meetings/", meetings.meetings, name="meetings"),
    path("meetings/<int:number>/", meetings.minutes, name="minutes"),
    path("meetings/<int:number>/close/", meetings.close, name="close"),
    path("meetings/<int:number>/screen/<str:division>/", meetings.screen, name="screen"),
]
