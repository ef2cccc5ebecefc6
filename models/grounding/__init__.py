"""From a text's similarity with each sampled frame to moments [start, end)."""
