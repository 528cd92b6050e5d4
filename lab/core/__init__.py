"""What a lesson is: controls, settings, events, errors. Standard library and pydantic only."""
