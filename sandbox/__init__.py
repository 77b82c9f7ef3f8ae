"""Local stand-ins for the services that the sync talks to."""
