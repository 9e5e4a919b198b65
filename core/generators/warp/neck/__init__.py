# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes out behind the jaw as the head turns: neck, and back of the head."""
