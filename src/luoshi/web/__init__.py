"""The page kit and the API kit: templates, charts, tables, error shape, paging."""
