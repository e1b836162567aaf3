"""From a Document to a Plan: actions, tasks, targets, units and deadlines, each with its quoted span."""
