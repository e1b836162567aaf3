"""One folder per desk, all of one anatomy."""
