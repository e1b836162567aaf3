"""What experts edit, as data: cohorts, indicators, views, vocabulary, checks, rules, codes; and the one strict loader."""
