"""Pages of the quality desk and the authenticity desk."""

from django.urls import path

from luoshi.services.quality.pages.cards import card, library_page, overview
from luoshi.services.quality.pages.findings import finding, findings, judge
from luoshi.services.quality.pages.rows import failing, give_back, returned, returns

app_name = "quality"

urlpatterns = [
    path("", overview, name="overview"),
    path("card/", card, name="card"),
    path("checks/", library_page, name="checks"),
    path("rows/", failing, name="failing"),
    path("rows/return/", give_back, name="return"),
    path("returns/", returns, name="returns"),
    path("returns/<int:batch>/", returned, name="returned"),
    path("authenticity/", findings, name="findings"),
    path("authenticity/<int:number>/", finding, name="finding"),
    path("authenticity/<int:number>/judge/", judge, name="judge"),
]
