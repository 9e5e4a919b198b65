# SPDX-License-Identifier: GPL-3.0-or-later
"""The head mask: who is the person, and what is background."""
