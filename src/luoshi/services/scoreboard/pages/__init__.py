"""Pages of the board: the overview, the targets, one target with its ranking and its denominators, and the people not
counted."""

from django.urls import path

from luoshi.services.scoreboard.pages.denominators import denominators
from luoshi.services.scoreboard.pages.missed import missed
from luoshi.services.scoreboard.pages.overview import overview
from luoshi.services.scoreboard.pages.ranking import ranking
from luoshi.services.scoreboard.pages.target import target
from luoshi.services.scoreboard.pages.targets import targets

app_name = "scoreboard"

urlpatterns = [
    path("", overview, name="overview"),
    path("targets/", targets, name="targets"),
    path("targets/<int:target_id>/", target, name="target"),
    path("targets/<int:target_id>/missed/", missed, name="missed"),
    path("targets/<int:target_id>/ranking/", ranking, name="ranking"),
    path("targets/<int:target_id>/denominators/", denominators, name="denominators"),
]
