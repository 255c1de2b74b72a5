"""A lesson's page held to account: its words, outputs and figures, proved by its test."""
