"""Events and settings as tables."""
