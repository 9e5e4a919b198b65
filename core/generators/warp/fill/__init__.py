# SPDX-License-Identifier: GPL-3.0-or-later
"""What a picture does not show, made up from what it shows: the background behind the person, and textures."""
