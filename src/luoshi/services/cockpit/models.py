"""Boundaries of divisions, simplified, for the map."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Boundary(models.Model):
    """The outline of a division. `polygons` are lists of rings of [longitude, latitude] in degrees, the outer ring first;
    `source` and `approval` (审图号) are printed under the map."""

    division = models.CharField(_("区划"), max_length=24, unique=True)
    polygons = models.JSONField()
    source = models.CharField(_("来源"), max_length=200, blank=True, default="")
    approval = models.CharField(_("审图号"), max_length=60, blank=True, default="")
    by = models.CharField(_("导入人"), max_length=150)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("区划边界")
        ordering = ["division"]

    def __str__(self) -> str:
        return self.division
