"""Features: what the models see of an event, from the profiles as they were before it and the event's own values."""
