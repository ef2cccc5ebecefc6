"""Long work: starting, running, cancelling, comparing models."""
