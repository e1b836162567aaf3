"""The health code (健康码): a resident shows who they are without giving a number, and anybody with the public key can check it.

Serves 电子健康码 / 黔康码 / 鲁通码 一码通. Words: a *holder* is a person with an opaque id; a *static* code is printed and good for
a year, a *dynamic* one is shown on a screen and good for a minute; a *serial* names one code, and revoked serials are
listed for scanners. What stands in a code: `luoshi.kernel.health_code`.
"""
