"""The shapes in which sheets leave: one module per standard."""
