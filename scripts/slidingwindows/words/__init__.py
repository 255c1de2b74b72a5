"""Alternative texts, transcripts, labels and code for objects of core; a step's arithmetic is core's own."""
