"""Networks and their initial weights: torch only, every draw from a seed handed in."""
