"""A mailbox for every address there is, fed by a real SMTP listener."""
