"""Alternative texts, transcripts, labels and code of core's objects; a step's line is core's."""
