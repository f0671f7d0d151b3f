"""The REST surface, one file per resource."""
