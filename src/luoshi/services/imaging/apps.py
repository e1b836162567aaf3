"""The manifest of imaging."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class ImagingConfig(Service):
    """Cloud imaging (云影像)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.imaging"
    label = "imaging"
    slug = "imaging"
    area = "serve"
    title = "云影像"
    title_en = "Imaging"
    permissions = {"record.read": "调阅影像", "imaging.take": "上传影像"}
    navigation = (Nav("云影像", "Imaging", "imaging:start", "record.read", order=48),)
