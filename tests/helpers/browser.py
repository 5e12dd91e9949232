"""Pages in Chromium."""

import subprocess

from helpers.commands import CHROMIUM, CHROMIUM_FLAGS


def in_browser(page, profile, width=400):
    """Chromium's result for a page; its DOM is what it prints."""
    return subprocess.run(
        [
            CHROMIUM,
            *CHROMIUM_FLAGS,
            "--enable-logging=stderr",
            f"--user-data-dir={profile}",
            f"--window-size={width},800",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=180,
    )
