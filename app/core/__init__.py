"""The smallest vocabulary: money, time, ids, refusals. Knows no I/O and no framework."""
