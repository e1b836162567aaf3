"""Template tags of the page kit: `{% load web %}`."""
