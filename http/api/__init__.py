"""The handlers of the API, and what they share."""
