"""Fonts and colours of every chart."""

FONT = "Noto Sans CJK SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
INK, QUIET, RULE, GRID, BLUE = "#1c2733", "#51606f", "#8b1a3a", "#e3e8ee", "#14528c"
