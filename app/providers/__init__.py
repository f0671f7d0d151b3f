"""One adapter per outside system; a provider's words never leave its file."""
