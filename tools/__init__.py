# SPDX-License-Identifier: GPL-3.0-or-later
"""What build.py is made of. Standard library only, Python 3.8 up: it runs before an environment exists."""
