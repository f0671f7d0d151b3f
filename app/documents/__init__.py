"""Frozen documents turned into bytes: PDF invoices and mails."""
