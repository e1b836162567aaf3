"""Pages of family-doctor contracts: lists of residents, one resident, teams and packages, rates and fees, signs."""

from __future__ import annotations

from django.urls import path

from luoshi.services.contracts.pages import keeping, rates, residents, signing, signs

app_name = "contracts"

urlpatterns = [
    path("", residents.mine, name="mine"),
    path("to-sign/", residents.to_sign, name="to-sign"),
    path("residents/<int:person>/", signing.resident, name="resident"),
    path("residents/<int:person>/sign/", signing.sign, name="sign"),
    path("residents/<int:person>/note/", signing.note, name="note"),
    path("<int:number>/renew/", signing.renew, name="renew"),
    path("<int:number>/end/", signing.end, name="end"),
    path("<int:number>/transfer/", signing.transfer, name="transfer"),
    path("teams/", keeping.teams, name="keeping"),
    path("import/", keeping.take_in, name="import"),
    path("rates/", rates.three, name="rates"),
    path("settlement/", rates.settlement, name="settlement"),
    path("signs/", signs.signs, name="signs"),
    path("signs/look/", signs.look, name="look"),
    path("signs/<int:number>/", signs.sign_of, name="sign-of"),
]
