# SPDX-License-Identifier: GPL-3.0-or-later
"""Few-shot networks are trained, tuned to a person, and measured."""

MOST_PICTURES = 32
"""That a person is learned from; the paper's tables end there."""
