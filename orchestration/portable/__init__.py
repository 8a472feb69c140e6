"""A checkpoint as one portable folder: networks in every format, spec, scores, model card."""
