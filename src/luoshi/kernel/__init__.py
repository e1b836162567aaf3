"""Values with rules and no input or output: periods, comparators, identifiers, clock, errors."""
