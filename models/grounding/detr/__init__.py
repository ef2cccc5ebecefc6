"""Moment-DETR, QD-DETR and CG-DETR: one network in three shapes, for checkpoints that the user brings."""
