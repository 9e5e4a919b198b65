# SPDX-License-Identifier: GPL-3.0-or-later
"""What a few-shot network learns from: talking heads of many people, in files."""
