"""Template tags of the records desk."""
